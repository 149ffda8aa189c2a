"""Invite the three separate administrators of an empty portal, or the successor of one.

manage.py bootstrap --policy-admin a@x --account-admin b@x --auditor c@x
manage.py bootstrap --replace auditor --auditor d@x

They are three people, always: one may not hold another of the three roles. No page of the portal
grants these roles; whoever may run this command is none of the three.
"""

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction

from portal.accounts.bootstrapping import BootstrapRefused, invite_administrators

ROLES = ("policy_admin", "account_admin", "auditor")


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        for role in ROLES:
            parser.add_argument(f"--{role.replace('_', '-')}", metavar="EMAIL", default="")
        parser.add_argument(
            "--replace", action="append", choices=ROLES, default=[],
            help="end the present holder's role and invite another",
        )  # fmt: skip

    def handle(self, *args, **options):
        emails = {role: options[role].strip().lower() for role in ROLES if options[role]}
        for email in emails.values():
            try:
                validate_email(email)
            except ValidationError:
                raise CommandError(f"not an e-mail address: {email}") from None
        try:
            with transaction.atomic():
                invitations = invite_administrators(emails, replace=set(options["replace"]))
        except BootstrapRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        for invitation in invitations:
            self.stdout.write(f"invited {invitation.email} as {invitation.role}")
