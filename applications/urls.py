"""The applicant's pages."""

from django.urls import path

from applications.views import cases, drafting, files, lists, papers, submission, tables

urlpatterns = [
    path("", lists.application_list, name="application_list"),
    path("start/<str:call_uid>/", lists.application_start, name="application_start"),
    path("<str:uid>/", cases.application_case, name="application_case"),
    path("<str:uid>/calendar.ics", cases.application_calendar, name="application_calendar"),
    path("<str:uid>/move/", cases.application_move, name="application_move"),
    path("<str:uid>/corrections/<int:round>/", cases.application_correction, name="application_correction"),
    path("<str:uid>/edit/", drafting.application_workspace, name="application_workspace"),
    path("<str:uid>/amounts/", drafting.application_amounts, name="application_amounts"),
    path("<str:uid>/edit/<str:code>/", drafting.application_section, name="application_section"),
    path("<str:uid>/edit/<str:code>/save/", drafting.application_autosave, name="application_autosave"),
    path("<str:uid>/edit/<str:code>/rows/", tables.application_rows, name="application_rows"),
    path("<str:uid>/edit/<str:code>/paste/", tables.application_paste, name="application_paste"),
    path("<str:uid>/edit/<str:code>/import/", tables.application_import, name="application_import"),
    path("<str:uid>/edit/<str:code>/export/", tables.application_export, name="application_export"),
    path("<str:uid>/edit/<str:code>/template/", tables.application_template, name="application_template"),
    path("<str:uid>/slots/<str:slot>/", files.application_upload, name="application_upload"),
    path("<str:uid>/files/<str:file_uid>/", files.application_file, name="application_file"),
    path("<str:uid>/files/<str:file_uid>/remove/", files.application_file_remove, name="application_file_remove"),
    path("<str:uid>/check/", submission.application_check, name="application_check"),
    path("<str:uid>/as-usual/", submission.application_as_usual, name="application_as_usual"),
    path("<str:uid>/receipt/", submission.application_receipt, name="application_receipt"),
    path("<str:uid>/papers/<str:submission_uid>/", papers.application_papers, name="application_papers"),
    path("<str:uid>/papers/<str:submission_uid>/<str:kind>/", papers.application_paper, name="application_paper"),
    path("<str:uid>/letters/<str:letter_uid>/", papers.application_letter, name="application_letter"),
]  # fmt: skip
