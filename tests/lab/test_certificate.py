from __future__ import annotations

import shutil
import ssl

import pytest

from captools.lab.certificate import make


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")
def test_one_file_serves_as_key_and_certificate_and_nobody_else_reads_it(tmp_path):
    both = make(tmp_path / "tls")
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(both)
    assert both.parent.stat().st_mode & 0o777 == 0o700
