"""The policy administrators' pages: calls and the calendar. Releasing an act on a published call
is a route of ``applications``: it tells the applicants."""

from django.urls import path

from policy import admin_views, calendar_views

urlpatterns = [
    path("", admin_views.home, name="policy_admin_home"),
    path("calls/", admin_views.call_list, name="policy_call_list"),
    path("calls/new/", admin_views.call_choose, name="policy_call_choose"),
    path("calls/new/<str:line>/", admin_views.call_new, name="policy_call_new"),
    path("calls/<str:uid>/", admin_views.call_review, name="policy_call_review"),
    path("calls/<str:uid>/edit/", admin_views.call_edit, name="policy_call_edit"),
    path("calls/<str:uid>/ask/", admin_views.call_ask, name="policy_call_ask"),
    path("calls/<str:uid>/publish/", admin_views.call_publish, name="policy_call_publish"),
    path("calls/<str:uid>/discard/", admin_views.call_discard, name="policy_call_discard"),
    path(
        "calls/<str:uid>/changes/<str:kind>/", admin_views.change_new, name="policy_callchange_new"
    ),
    path("changes/<str:uid>/drop/", admin_views.change_drop, name="policy_callchange_drop"),
    path("calendar/", calendar_views.calendar, name="policy_calendar"),
    path("calendar/import/", calendar_views.calendar_import, name="policy_calendar_import"),
    path(
        "calendar/import/confirm/",
        calendar_views.calendar_confirm,
        name="policy_calendar_confirm",
    ),
    path("calendar/<str:day>/", calendar_views.calendar_day, name="policy_calendar_day"),
]
