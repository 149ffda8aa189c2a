from django.urls import path

from portal.accounts.views import (
    auditing,
    members,
    organisations,
    sessions,
    staff,
    units,
    users,
    verification,
)

urlpatterns = [
    path("session/extend/", sessions.extend, name="session_extend"),
    path("landing/", sessions.landing, name="landing"),
    # An organisation's own people.
    path("organisation/", organisations.profile, name="organisation_profile"),
    path("organisation/register/", organisations.register, name="organisation_register"),
    path("organisation/edit/<str:part>/", organisations.edit, name="organisation_edit"),
    path("organisation/resubmit/", organisations.resubmit, name="organisation_resubmit"),
    path("organisation/files/<str:which>/", organisations.file, name="organisation_file"),
    path("organisation/members/", members.members, name="organisation_members"),
    path("organisation/members/<str:uid>/end/", members.end_member, name="organisation_member_end"),
    path(
        "organisation/invitations/<str:uid>/revoke/",
        members.revoke,
        name="organisation_invitation_revoke",
    ),
    path("invitations/<str:token>/", members.invitation, name="invitation"),
    # Its district.
    path("verification/", verification.queue, name="organisation_queue"),
    path("verification/<str:uid>/", verification.check, name="organisation_check"),
    path("verification/<str:uid>/verify/", verification.verify, name="organisation_verify"),
    path("verification/<str:uid>/return/", verification.send_back, name="organisation_return"),
    path(
        "verification/<str:uid>/files/<str:which>/",
        verification.file,
        name="organisation_check_file",
    ),
    # The account administrator.
    path("staff/overdue/", verification.overdue, name="organisation_overdue"),
    path("users/", users.user_list, name="user_list"),
    path("users/<str:uid>/", users.user_detail, name="user_detail"),
    path("users/<str:uid>/grant/", users.grant, name="user_grant"),
    path("users/<str:uid>/switch/", users.switch, name="user_switch"),
    path("users/<str:uid>/second-factor/", users.reset_second_factor, name="user_second_factor"),
    path("users/<str:uid>/phone/", users.phone, name="user_phone"),
    path("memberships/<str:uid>/end/", users.end, name="membership_end"),
    path("staff/invitations/", staff.invitations, name="invitation_list"),
    path("staff/invitations/<str:uid>/revoke/", staff.revoke, name="invitation_revoke"),
    path("staff/invitations/<str:uid>/resend/", staff.resend, name="invitation_resend"),
    path("staff/import/", staff.import_staff, name="staff_import"),
    path("staff/import/template/", staff.template, name="staff_import_template"),
    path("staff/import/confirm/", staff.confirm_import, name="staff_import_confirm"),
    path("contact/", units.contact, name="contact"),
    path("units/", units.unit_list, name="unit_list"),
    path("units/<str:code>/", units.unit_edit, name="unit_edit"),
    # The auditor.
    path("audit/", auditing.event_list, name="audit_event_list"),
    path("audit/check/", auditing.run_check, name="audit_check"),
    path("audit/export/", auditing.export, name="audit_export"),
    path("audit/<str:digest>/", auditing.event_detail, name="audit_event_detail"),
]
