from django.db import migrations

from portal.audit import sql


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_schema")]

    operations = [migrations.RunSQL(sql.REQUIRE, migrations.RunSQL.noop)]
