"""Routes that anybody may open: public notices (公示公告) and objections to them."""

from django.urls import path

from reviews.views import objections

urlpatterns = [
    path("", objections.public_list, name="review_public_notice_list"),
    path("<str:uid>/", objections.public_detail, name="review_public_notice"),
    path("<str:uid>/object/<str:case>/", objections.file, name="review_objection_file"),
]
