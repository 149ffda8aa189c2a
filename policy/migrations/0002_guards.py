"""What the models cannot say: a call's definition is its measure's, and its acts are audited."""

from django.db import migrations

from portal.grants import withhold

FORWARDS = """
ALTER TABLE policy_call ADD CONSTRAINT policy_call_definition_of_measure
  FOREIGN KEY (definition_id, measure_id) REFERENCES policy_definition (id, measure_id)
  DEFERRABLE INITIALLY DEFERRED;

CREATE FUNCTION policy_call_audited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM audit_require(
    'policy.call', NEW.id::text,
    CASE WHEN TG_OP = 'UPDATE' THEN OLD.status ELSE '' END, NEW.status);
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER policy_call_created AFTER INSERT ON policy_call
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION policy_call_audited();
CREATE CONSTRAINT TRIGGER policy_call_moved AFTER UPDATE ON policy_call
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION policy_call_audited();
"""

BACKWARDS = """
DROP TRIGGER policy_call_moved ON policy_call;
DROP TRIGGER policy_call_created ON policy_call;
DROP FUNCTION policy_call_audited();
ALTER TABLE policy_call DROP CONSTRAINT policy_call_definition_of_measure;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("policy", "0001_initial"),
        ("audit", "0002_chain"),
    ]

    operations = [
        migrations.RunSQL(FORWARDS, BACKWARDS),
        withhold("UPDATE, DELETE", "policy_definition"),
    ]
