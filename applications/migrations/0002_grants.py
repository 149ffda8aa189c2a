from django.db import migrations

from portal.grants import withhold


class Migration(migrations.Migration):
    dependencies = [("applications", "0001_initial")]

    operations = [
        withhold("UPDATE, DELETE, TRUNCATE", "applications_transition"),
        withhold("DELETE, TRUNCATE", "applications_submission", "applications_letter"),
    ]
