from django.urls import path

from portal.notices import views

urlpatterns = [
    path("notices/", views.inbox, name="notice_inbox"),
    path("notices/read/", views.read_all, name="notice_read_all"),
    path("notices/<str:uid>/read/", views.read, name="notice_read"),
    path("mails/", views.mail_list, name="mail_list"),
    path("mails/<str:uid>/", views.mail_detail, name="mail_detail"),
]
