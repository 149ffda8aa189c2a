"""The policy administrators' route that belongs to this floor."""

from django.urls import path

from applications import call_views

urlpatterns = [
    path("changes/<str:uid>/release/", call_views.change_release, name="call_change_release"),
]
