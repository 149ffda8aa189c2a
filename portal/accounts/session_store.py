"""The sessions' store: Django's in the database, read by a statement that is written once."""

from django.contrib.sessions.backends import db
from django.utils import timezone

from portal.written import Given, Written


class SessionStore(db.SessionStore):
    def _get_session_from_db(self):
        found = _SESSION.read(key=self.session_key, now=timezone.now())
        if found:
            return found[0]
        self._session_key = None
        return None


_SESSION = Written(
    lambda: db.SessionStore.get_model_class().objects.filter(
        session_key=Given("key"), expire_date__gt=Given("now")
    )
)
