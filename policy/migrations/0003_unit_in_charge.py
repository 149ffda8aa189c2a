from django.db import migrations, models


class Migration(migrations.Migration):
    """A call names its unit in charge: the measure's lead until a call says otherwise."""

    dependencies = [
        ("accounts", "__first__"),
        ("policy", "0002_questions"),
    ]

    operations = [
        migrations.AddField(
            model_name="call",
            name="lead_unit",
            field=models.ForeignKey(
                null=True,
                on_delete=models.deletion.PROTECT,
                related_name="led_calls",
                to="accounts.unit",
                verbose_name="牵头单位",
            ),
        ),
        migrations.RunSQL(
            """
            UPDATE policy_call SET lead_unit_id = policy_measure.lead_unit_id
              FROM policy_measure WHERE policy_measure.id = policy_call.measure_id;
            SET CONSTRAINTS ALL IMMEDIATE;
            """,
            migrations.RunSQL.noop,
        ),
        migrations.AlterField(
            model_name="call",
            name="lead_unit",
            field=models.ForeignKey(
                on_delete=models.deletion.PROTECT,
                related_name="led_calls",
                to="accounts.unit",
                verbose_name="牵头单位",
            ),
        ),
    ]
