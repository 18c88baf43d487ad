"""A WireGuard session whose keys are known: handshake, one sealed packet, and the key log that opens it.

Noise_IKpsk2 over X25519, ChaCha20-Poly1305 and BLAKE2s, as in the whitepaper, section 5.4. Plain Python, so that the test
needs no library of ciphers; correct is what tshark can open.
"""

from __future__ import annotations

import base64
import hmac
import struct
from hashlib import blake2s

_P = 2**255 - 19
_BASE = (9).to_bytes(32, "little")


def x25519(scalar: bytes, point: bytes) -> bytes:
    """RFC 7748, section 5."""
    number = bytearray(scalar)
    number[0] &= 248
    number[31] = number[31] & 127 | 64
    k, u = int.from_bytes(number, "little"), int.from_bytes(point, "little") % 2**255
    x1, x2, z2, x3, z3, swap = u, 1, 0, u, 1, 0
    for at in reversed(range(255)):
        bit = k >> at & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        da, cb, aa, bb = d * a, c * b, a * a, b * b
        x3, z3 = (da + cb) ** 2 % _P, x1 * (da - cb) ** 2 % _P
        x2, z2 = aa * bb % _P, (aa - bb) * (aa + 121665 * (aa - bb)) % _P
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, _P - 2, _P) % _P).to_bytes(32, "little")


def _chacha(key: bytes, counter: int, nonce: bytes) -> bytes:
    """One block, RFC 8439, section 2.3."""
    begin = [
        *struct.unpack("<4I", b"expand 32-byte k"),
        *struct.unpack("<8I", key),
        counter,
        *struct.unpack("<3I", nonce),
    ]
    state = list(begin)

    def turn(a: int, b: int, c: int, d: int) -> None:
        for to, by, mixed, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            state[to] = (state[to] + state[by]) & 0xFFFFFFFF
            value = state[mixed] ^ state[to]
            state[mixed] = (value << bits | value >> (32 - bits)) & 0xFFFFFFFF

    for _ in range(10):
        for at in range(4):
            turn(at, at + 4, at + 8, at + 12)
        for at in range(4):
            turn(at, (at + 1) % 4 + 4, (at + 2) % 4 + 8, (at + 3) % 4 + 12)
    return struct.pack("<16I", *((one + two) & 0xFFFFFFFF for one, two in zip(state, begin, strict=True)))


def seal(key: bytes, counter: int, plain: bytes, extra: bytes) -> bytes:
    """ChaCha20-Poly1305, RFC 8439, section 2.8; the nonce is WireGuard's: a counter."""
    nonce = bytes(4) + counter.to_bytes(8, "little")
    stream = b"".join(_chacha(key, 1 + at, nonce) for at in range(-(-len(plain) // 64)))
    sealed = bytes(one ^ two for one, two in zip(plain, stream, strict=False))
    r, s = (int.from_bytes(part, "little") for part in struct.unpack("16s16s", _chacha(key, 0, nonce)[:32]))
    r &= 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    data = extra + bytes(-len(extra) % 16) + sealed + bytes(-len(sealed) % 16)
    data += len(extra).to_bytes(8, "little") + len(sealed).to_bytes(8, "little")
    total = 0
    for at in range(0, len(data), 16):
        total = (total + int.from_bytes(data[at : at + 16] + b"\1", "little")) * r % (2**130 - 5)
    return sealed + ((total + s) % 2**128).to_bytes(16, "little")


def _hash(data: bytes) -> bytes:
    return blake2s(data).digest()


def _derive(chain: bytes, data: bytes, count: int) -> list[bytes]:
    """Return that many keys (whitepaper, section 5.4: Kdf)."""
    secret, found = hmac.digest(chain, data, "blake2s"), [b""]
    for at in range(1, count + 1):
        found.append(hmac.digest(secret, found[-1] + bytes([at]), "blake2s"))
    return found[1:]


def _mac1(message: bytes, public: bytes) -> bytes:
    return message + blake2s(message, key=_hash(b"mac1----" + public), digest_size=16).digest() + bytes(16)


def session(inner: bytes) -> tuple[bytes, bytes, bytes, str]:
    """Return an initiation, its response, a data message that seals ``inner``, and the text of the key log."""
    static_i, static_r, own_i, own_r = (bytes([number]) * 32 for number in (0x11, 0x22, 0x33, 0x44))
    public_si, public_sr, public_i, public_r = (x25519(key, _BASE) for key in (static_i, static_r, own_i, own_r))
    chain = _hash(b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s")
    seen = _hash(_hash(chain + b"WireGuard v1 zx2c4 Jason@zx2c4.com") + public_sr)
    (chain,) = _derive(chain, public_i, 1)
    seen = _hash(seen + public_i)
    chain, key = _derive(chain, x25519(own_i, public_sr), 2)
    static = seal(key, 0, public_si, seen)
    seen = _hash(seen + static)
    chain, key = _derive(chain, x25519(static_i, public_sr), 2)
    stamp = seal(key, 0, struct.pack("!QI", 0x400000005D000000, 0), seen)
    seen = _hash(seen + stamp)
    initiation = _mac1(struct.pack("<II", 1, 7) + public_i + static + stamp, public_sr)
    (chain,) = _derive(chain, public_r, 1)
    seen = _hash(seen + public_r)
    for secret in (x25519(own_r, public_i), x25519(own_r, public_si)):
        (chain,) = _derive(chain, secret, 1)
    chain, mixed, key = _derive(chain, bytes(32), 3)
    seen = _hash(seen + mixed)
    response = _mac1(struct.pack("<III", 2, 9, 7) + public_r + seal(key, 0, b"", seen), public_si)
    sending, _receiving = _derive(chain, b"", 2)
    data = struct.pack("<IIQ", 4, 9, 0) + seal(sending, 0, inner + bytes(-len(inner) % 16), b"")
    names = (("LOCAL_STATIC_PRIVATE_KEY", static_i), ("REMOTE_STATIC_PUBLIC_KEY", public_sr),
             ("LOCAL_EPHEMERAL_PRIVATE_KEY", own_i))  # fmt: skip
    log = "".join(f"{name} = {base64.b64encode(value).decode()}\n" for name, value in names)
    return initiation, response, data, log
