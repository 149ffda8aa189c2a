"""Scanning against a clamd of our own making that knows one virus."""

import socketserver
import struct
import threading

import pytest
from django.urls import reverse

from portal import clock
from portal.audit.models import Event
from portal.files import scanning, serving, storing
from portal.files.models import Blob, Scan
from tests.files import samples

pytestmark = pytest.mark.django_db


class _Clamd(socketserver.BaseRequestHandler):
    """INSTREAM as clamd speaks it."""

    def handle(self):
        stream = self.request.makefile("rb")
        assert stream.read(10) == b"zINSTREAM\0"
        content = b""
        while size := struct.unpack("!L", stream.read(4))[0]:
            content += stream.read(size)
        self.server.seen.append(content)
        if self.server.answer is not None:
            said = self.server.answer
        elif samples.EICAR in content:
            said = b"stream: Eicar-Signature FOUND\0"
        else:
            said = b"stream: OK\0"
        self.request.sendall(said)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@pytest.fixture
def clamd(settings, tmp_path):
    settings.BLOB_DIR = tmp_path / "blobs"
    with _Server(("127.0.0.1", 0), _Clamd) as server:
        server.seen, server.answer = [], None
        thread = threading.Thread(target=server.serve_forever, args=[0.02])
        thread.start()
        settings.CLAMD_URL = f"tcp://127.0.0.1:{server.server_address[1]}"
        yield server
        server.shutdown()
        thread.join()


def _store(text="a") -> Blob:
    return storing.store(
        samples.pdf(text=text), name="a.pdf", types=("pdf",), max_bytes=10**6, at=clock.now()
    )


def _infected() -> Blob:
    return _store(samples.EICAR.decode())


def test_new_file_is_scanned_on_commit_and_found_clean(clamd, run_tasks):
    blob = _store()
    assert blob.scan == Scan.PENDING
    run_tasks()
    blob.refresh_from_db()
    assert (blob.scan, clamd.seen) == (Scan.CLEAN, [blob.path.read_bytes()])


def test_eicar_is_found_noted_and_audited(clamd, run_tasks):
    content = samples.pdf() + b"\n%" + samples.EICAR + b"\n"
    blob = storing.store(content, name="a.pdf", types=("pdf",), max_bytes=10**6, at=clock.now())
    run_tasks()
    blob.refresh_from_db()
    event = Event.objects.get(action="file.infected")
    assert (blob.scan, blob.scan_note) == (Scan.INFECTED, "Eicar-Signature")
    assert (event.object_id, event.data) == (blob.sha256, {"found": "Eicar-Signature"})
    assert serving.respond(blob, name="a.pdf").status_code == 409


def test_large_file_is_sent_in_parts_and_whole(clamd, tmp_path):
    path = tmp_path / "large"
    path.write_bytes(bytes(range(256)) * 2000)
    assert scanning.ask_clamd(path) == ""
    assert clamd.seen == [path.read_bytes()]


@pytest.mark.parametrize("answer", [b"INSTREAM size limit exceeded. ERROR\0", b"", b"nonsense\0"])
def test_answer_that_is_no_verdict_never_passes_a_file(clamd, run_tasks, answer):
    clamd.answer = answer
    blob = _store()
    run_tasks()
    blob.refresh_from_db()
    assert blob.scan == Scan.FAILED
    assert serving.respond(blob, name="a.pdf").status_code == 409


def test_scanner_down_keeps_files_back_until_the_sweep_finds_it_up(
    clamd, settings, run_tasks, clock
):
    up, settings.CLAMD_URL = settings.CLAMD_URL, "tcp://127.0.0.1:9"
    blob = _store()
    run_tasks()
    blob.refresh_from_db()
    assert blob.scan == Scan.FAILED
    assert serving.respond(blob, name="a.pdf").status_code == 409
    settings.CLAMD_URL = up
    clock.advance(scanning.MISSED_AFTER * 2)
    assert scanning.sweep_scans() == 1
    blob.refresh_from_db()
    assert blob.scan == Scan.CLEAN


def test_sweep_scans_what_a_lost_message_missed(clamd, clock):
    blob = _store()
    assert scanning.sweep_scans() == 0
    clock.advance(scanning.MISSED_AFTER * 2)
    assert scanning.sweep_scans() == 1
    blob.refresh_from_db()
    assert blob.scan == Scan.CLEAN


def test_scan_run_twice_writes_one_event(clamd):
    blob = _store()
    assert [scanning.scan(blob.pk), scanning.scan(blob.pk)] == ["clean", "clean"]
    assert Event.objects.filter(object_id=blob.pk).count() == 1


def test_without_scanner_and_unless_required_a_file_is_shown_and_says_so(settings, tmp_path):
    settings.BLOB_DIR, settings.CLAMD_URL, settings.SCAN_REQUIRED = tmp_path, "", False
    blob = _store()
    response = serving.respond(blob, name="营业执照.pdf")
    assert (blob.scan, str(blob.get_scan_display())) == (Scan.NONE, "未配置查毒")
    assert b"".join(response.streaming_content) == blob.path.read_bytes()


def test_without_scanner_where_one_is_required_nothing_is_shown(settings, tmp_path):
    settings.BLOB_DIR, settings.CLAMD_URL, settings.SCAN_REQUIRED = tmp_path, "", True
    blob = _store()
    assert blob.scan == Scan.PENDING
    assert serving.respond(blob, name="a.pdf").status_code == 409


def test_file_of_the_time_without_scanner_waits_once_there_is_one(settings, clamd, clock):
    up, settings.CLAMD_URL, settings.SCAN_REQUIRED = settings.CLAMD_URL, "", False
    blob = _store()
    settings.CLAMD_URL = up
    assert serving.respond(blob, name="a.pdf").status_code == 409
    clock.advance(scanning.MISSED_AFTER * 2)
    scanning.sweep_scans()
    blob.refresh_from_db()
    assert serving.respond(blob, name="a.pdf").status_code == 200


def test_served_file_runs_nothing_and_keeps_its_name(settings, tmp_path):
    settings.BLOB_DIR, settings.SCAN_REQUIRED = tmp_path, False
    blob = _store()
    attached = serving.respond(blob, name='授权书"\r\nX: y.pdf')
    shown = serving.respond(blob, name="a.pdf", inline=True)
    assert attached["Content-Disposition"].startswith("attachment; filename*=utf-8''")
    assert "\r" not in attached["Content-Disposition"]
    assert "sandbox" in attached["Content-Security-Policy"]
    assert attached["X-Content-Type-Options"] == "nosniff"
    assert shown["Content-Disposition"] == 'inline; filename="a.pdf"'
    assert "default-src 'none'" in shown["Content-Security-Policy"]


def test_office_file_is_never_shown_inline(settings, tmp_path):
    settings.BLOB_DIR, settings.SCAN_REQUIRED = tmp_path, False
    blob = storing.store(
        samples.docx(), name="a.docx", types=("docx",), max_bytes=10**6, at=clock.now()
    )
    response = serving.respond(blob, name="a.docx", inline=True)
    assert response["Content-Disposition"].startswith("attachment")


def test_file_lost_from_disk_is_told_not_raised(settings, tmp_path):
    settings.BLOB_DIR, settings.SCAN_REQUIRED = tmp_path, False
    blob = _store()
    blob.path.unlink()
    response = serving.respond(blob, name="a.pdf")
    assert response.status_code == 409
    assert "文件暂时读不到" in response.content.decode()
    assert reverse("home") in response.content.decode()
