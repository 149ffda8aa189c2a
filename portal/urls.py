"""All routes, as a table."""

from django.urls import include, path

from portal import search_views, views
from portal.help import views as help_views

handler400 = "portal.views.bad_request"
handler403 = "portal.views.forbidden"
handler404 = "portal.views.not_found"

urlpatterns = [
    path("", include("policy.urls")),
    path("policy-admin/", include("policy.admin_urls")),
    path("policy-admin/", include("applications.call_urls")),
    path("applications/", include("applications.urls")),
    path("reviews/", include("reviews.urls")),
    path("public-notices/", include("reviews.public_urls")),
    path("home/", views.role_home, name="role_home"),
    path("search/", search_views.search, name="search"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("help/", help_views.index, name="help_index"),
    path("help/<str:code>/", help_views.topic, name="help_topic"),
    path("site-map/", help_views.site_map, name="site_map"),
    path("language/", views.set_language, name="set_language"),
    path("display/", views.set_display, name="set_display"),
    path("awards/", include("awards.urls")),
    path("accounts/", include("allauth.urls")),
    path("", include("portal.notices.urls")),
    path("", include("portal.accounts.urls")),
]
