"""Static files have their hash in the name; the address is worked out once."""

import pytest

from portal.static_files import Storage


@pytest.fixture
def storage(tmp_path):
    made = Storage(location=tmp_path, base_url="/static/")
    (tmp_path / "a.js").write_text("1")
    assert [row[2] for row in made.post_process({"a.js": (made, "a.js")})].count(True) >= 1
    return Storage(location=tmp_path, base_url="/static/")


def test_address_bears_the_hash_and_is_worked_out_once(storage, monkeypatch):
    first = storage.url("a.js")
    assert first.startswith("/static/a.") and first.endswith(".js") and first != "/static/a.js"
    monkeypatch.setattr(storage, "stored_name", None)
    assert storage.url("a.js") == first


def test_address_of_a_file_that_is_not_there_is_refused(storage):
    with pytest.raises(ValueError, match=r"b\.js"):
        storage.url("b.js")
