"""The public pages of the policy: home, measures, calls."""

from django.urls import path

from policy import views

urlpatterns = [
    path("", views.home, name="home"),
    path("measures/", views.measure_list, name="measure_list"),
    path("measures/<str:line>/", views.measure_detail, name="measure_detail"),
    path("calls/", views.call_list, name="call_list"),
    path("calls/<str:uid>/", views.call_detail, name="call_detail"),
]
