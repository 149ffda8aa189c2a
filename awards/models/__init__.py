"""What is granted: awards, decisions, payments, and the ledger of caps and quotas (台账)."""

from awards.models.clawbacks import ClawBack, Repayment
from awards.models.decisions import Decision, DecisionItem
from awards.models.exports import Export
from awards.models.ledger import Award, CapAccount, Entry, LedgerCheck, Posting
from awards.models.openings import Opening
from awards.models.payments import Payment, PaymentBatch, Receipt
from awards.models.shares import Share

__all__ = [
    "Award",
    "CapAccount",
    "ClawBack",
    "Decision",
    "DecisionItem",
    "Entry",
    "Export",
    "LedgerCheck",
    "Opening",
    "Payment",
    "PaymentBatch",
    "Posting",
    "Receipt",
    "Repayment",
    "Share",
]
