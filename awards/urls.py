"""额度与拨付: caps, decisions, payments, exports, and the acts on cases that move the ledger."""

from django.urls import path

from awards import (
    caps_views,
    case_views,
    clawback_views,
    decision_views,
    export_views,
    opening_views,
    payment_views,
    receipt_views,
)

urlpatterns = [
    path("", caps_views.caps, name="award_caps"),
    path("lines/<str:line>/", caps_views.line, name="award_line"),
    path("calls/<str:uid>/", caps_views.call, name="award_call"),
    path("calls/<str:uid>/decision/", decision_views.decision_new, name="award_decision_new"),
    path("calls/<str:uid>/payment/", payment_views.payment_new, name="award_payment_new"),
    path("calls/<str:uid>/promotion/", case_views.promotion, name="award_promotion"),
    path("selections/<str:uid>/", case_views.selection_confirm, name="award_selection_confirm"),
    path(
        "proposals/<str:uid>/release/", case_views.proposal_release, name="award_proposal_release"
    ),
    path("cases/<str:uid>/withdraw/", case_views.case_withdraw, name="award_withdraw"),
    path("cases/<str:uid>/cancel/", case_views.case_cancel, name="award_cancel"),
    path("decisions/", decision_views.decision_list, name="award_decision_list"),
    path("decisions/<str:uid>/", decision_views.decision_detail, name="award_decision_detail"),
    path("decisions/<str:uid>/edit/", decision_views.decision_edit, name="award_decision_edit"),
    path(
        "decisions/<str:uid>/release/",
        decision_views.decision_release,
        name="award_decision_release",
    ),
    path(
        "decisions/<str:uid>/discard/",
        decision_views.decision_discard,
        name="award_decision_discard",
    ),
    path(
        "decisions/<str:uid>/confirm/",
        decision_views.decision_confirm,
        name="award_decision_confirm",
    ),
    path("decisions/<str:uid>/pdf/", decision_views.decision_pdf, name="award_decision_pdf"),
    path("finance/", payment_views.inbox, name="award_finance_inbox"),
    path("payments/", payment_views.payment_list, name="award_payment_list"),
    path("payments/<str:uid>/", payment_views.payment_detail, name="award_payment_detail"),
    path(
        "payments/<str:uid>/release/", payment_views.payment_release, name="award_payment_release"
    ),
    path(
        "payments/<str:uid>/discard/", payment_views.payment_discard, name="award_payment_discard"
    ),
    path(
        "transfers/<str:uid>/arrived/", payment_views.payment_arrived, name="award_payment_arrived"
    ),
    path(
        "transfers/<str:uid>/bounced/", payment_views.payment_bounced, name="award_payment_bounced"
    ),
    path(
        "transfers/<str:uid>/receipts/",
        receipt_views.payment_receipts,
        name="award_payment_receipts",
    ),
    path("receipts/<str:uid>/", receipt_views.receipt_file, name="award_receipt_file"),
    path("receipts/<str:uid>/remove/", receipt_views.receipt_remove, name="award_receipt_remove"),
    path("cases/<str:uid>/payments/", receipt_views.case_payments, name="award_case_payments"),
    path("openings/", opening_views.opening_list, name="award_opening_list"),
    path("openings/new/", opening_views.opening_new, name="award_opening_new"),
    path("openings/<str:uid>/", opening_views.opening_detail, name="award_opening_detail"),
    path(
        "openings/<str:uid>/approve/", opening_views.opening_approve, name="award_opening_approve"
    ),
    path("openings/<str:uid>/drop/", opening_views.opening_drop, name="award_opening_drop"),
    path("claw-backs/", clawback_views.clawback_list, name="award_clawback_list"),
    path("claw-backs/<str:uid>/", clawback_views.clawback_detail, name="award_clawback_detail"),
    path(
        "claw-backs/<str:uid>/release/",
        clawback_views.clawback_release,
        name="award_clawback_release",
    ),
    path(
        "claw-backs/<str:uid>/discard/",
        clawback_views.clawback_discard,
        name="award_clawback_discard",
    ),
    path("claw-backs/<str:uid>/repay/", clawback_views.clawback_repay, name="award_clawback_repay"),
    path("exports/", export_views.export_list, name="award_export_list"),
    path("exports/new/<str:kind>/", export_views.export_ask, name="award_export_ask"),
    path("exports/<str:uid>/", export_views.export_detail, name="award_export_detail"),
    path("exports/<str:uid>/progress/", export_views.export_progress, name="award_export_progress"),
    path("exports/<str:uid>/cancel/", export_views.export_cancel, name="award_export_cancel"),
    path("exports/<str:uid>/file/", export_views.export_download, name="award_export_download"),
    path("awards/<str:uid>/claw-back/", clawback_views.clawback_new, name="award_clawback_new"),
    path("awards/<str:uid>/", caps_views.award, name="award_detail"),
]
