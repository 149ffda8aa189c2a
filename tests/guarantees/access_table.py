"""Who may enter which route, by which method. One row for each route; a route without a row
fails the matrix, and so does a row without a route. Each room keeps its rows in a file of its own
under ``access/``; what a row says is told there in row.py.
"""

from tests.guarantees.access import accounts, applications, awards, policy, reviews, site
from tests.guarantees.access.row import Row

ROWS: list[Row] = [
    *site.ROWS,
    *accounts.ROWS,
    *policy.ROWS,
    *applications.ROWS,
    *reviews.ROWS,
    *awards.ROWS,
]
TABLE = {row.route: row for row in ROWS}
assert len(TABLE) == len(ROWS), "a route has two rows"
