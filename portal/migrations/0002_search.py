"""What search is made of: a text folded (width, case), and its pairs of neighbouring characters.

Two-character words, the most frequent in Chinese, have no trigram; a GIN index over pairs finds
them. IMMUTABLE, as an index over an expression needs; the bodies are bound when they are made, so
that a restore with an empty search path builds the indexes.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION search_fold(given text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN lower(normalize(given, NFKC));

CREATE FUNCTION search_grams(first text, second text DEFAULT '') RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1000
BEGIN ATOMIC
    SELECT coalesce(array_agg(DISTINCT gram), '{}')
      FROM unnest(ARRAY[search_fold(first), search_fold(second)]) AS folded,
           generate_series(1, length(folded) - 1) AS place,
           substr(folded, place, 2) AS gram
     WHERE gram !~ '[[:space:]]';
END;
"""
REVERSE = "DROP FUNCTION search_grams(text, text); DROP FUNCTION search_fold(text);"


class Migration(migrations.Migration):
    dependencies = [("portal", "0001_clock")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
