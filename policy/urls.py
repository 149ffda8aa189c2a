"""The public pages of the policy: home, measures, calls; questions on calls."""

from django.urls import path

from policy import calculator_views, question_views, views

urlpatterns = [
    path("", views.home, name="home"),
    path("measures/", views.measure_list, name="measure_list"),
    path("measures/<str:line>/", views.measure_detail, name="measure_detail"),
    path("calculator/", calculator_views.calculator, name="calculator"),
    path("calls/", views.call_list, name="call_list"),
    path("calls/<str:uid>/", views.call_detail, name="call_detail"),
    path("calls/<str:uid>/questions/", question_views.call_questions, name="call_questions"),
    path("calls/<str:uid>/questions/ask/", question_views.ask, name="call_question_ask"),
    path(
        "calls/<str:uid>/questions/<str:question>/",
        question_views.call_question,
        name="call_question",
    ),
    # The lead unit's.
    path("questions/", question_views.question_list, name="question_list"),
    path("questions/<str:uid>/", question_views.question_desk, name="question_desk"),
    *(
        path(f"questions/<str:uid>/{name}/", question_views.act, {"name": name}, f"question_{name}")
        for name in question_views.ACTS
    ),
]
