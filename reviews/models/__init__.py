"""The units' side: recommendations, checks, opinions, experts, verification, selection, notice."""

from reviews.models.checks import CheckItem, Finding, Opinion, Proposal, Recommendation
from reviews.models.nominations import Nomination
from reviews.models.outcomes import Objection, PublicNotice, Selection, SelectionItem, Verification
from reviews.models.panels import Conflict, Expert, ExpertQuerySet, Panel, PanelCase, Scoring, Seat

__all__ = [
    "CheckItem",
    "Conflict",
    "Expert",
    "ExpertQuerySet",
    "Finding",
    "Nomination",
    "Objection",
    "Opinion",
    "Panel",
    "PanelCase",
    "Proposal",
    "PublicNotice",
    "Recommendation",
    "Scoring",
    "Seat",
    "Selection",
    "SelectionItem",
    "Verification",
]
