"""A compact reader of FIT files in plain Python: what somebody would write to get at records and
sessions. No checksum, no developer fields, no quirks. Also shifts a file in time, to make folders."""
import struct

EPOCH_MS = 631065600000
FORMATS = {0: "B", 1: "b", 2: "B", 3: "h", 4: "H", 5: "i", 6: "I", 8: "f", 9: "d", 10: "B", 11: "H", 12: "I", 13: "B"}
INVALID = {0: 0xFF, 1: 0x7F, 2: 0xFF, 3: 0x7FFF, 4: 0xFFFF, 5: 0x7FFFFFFF, 6: 0xFFFFFFFF, 10: 0, 11: 0, 12: 0}
RECORD, SESSION = 20, 18
INSTANTS = {(SESSION, 2), (19, 2), (0, 4), (34, 5)} # starts of sessions and laps, file's creation, local time


class Definition:
    def __init__(self, number, order, fields, extra):
        self.number, self.order, self.fields, self.parts = number, order, [], []
        for field, size, base in fields:
            letter, width = FORMATS.get(base & 31), struct.calcsize("=" + FORMATS.get(base & 31, "B"))
            plain = letter and size == width
            self.parts.append(letter if plain else f"{size}s")
            self.fields.append((field, INVALID.get(base & 31) if plain else None, plain))
        self.unpack = struct.Struct(order + "".join(self.parts) + (f"{extra}x" if extra else ""))


def messages(data):
    """Yields (offset, definition, time of a compressed header or None, values)."""
    at, end, known, last = data[0], data[0] + struct.unpack_from("<I", data, 4)[0], {}, 0
    while at < end:
        head = data[at]
        at += 1
        if head & 0x80:
            local, stamp = head >> 5 & 3, head & 31
            last += (stamp - last) & 31
        else:
            local, stamp = head & 15, None
        if not head & 0x80 and head & 0x40:
            order = ">" if data[at + 1] else "<"
            number, n = struct.unpack_from(order + "HB", data, at + 2)
            fields = [tuple(data[at + 5 + 3 * i:at + 8 + 3 * i]) for i in range(n)]
            at += 5 + 3 * n
            extra = 0
            if head & 0x20:
                extra = sum(data[at + 2 + 3 * i] for i in range(data[at]))
                at += 1 + 3 * data[at]
            known[local] = Definition(number, order, fields, extra)
            continue
        definition = known[local]
        values = definition.unpack.unpack_from(data, at)
        for (field, _, _), value in zip(definition.fields, values):
            if field == 253:
                last = value
        yield at, definition, last if stamp is not None else None, values
        at += definition.unpack.size


def read(data):
    """(records, sessions): dicts of field number -> value; 253 is the instant in UTC ms."""
    records, sessions = [], []
    for _, definition, stamp, values in messages(data):
        if definition.number not in (RECORD, SESSION):
            continue
        row = {f: v for (f, bad, plain), v in zip(definition.fields, values) if plain and v != bad}
        if stamp is not None:
            row[253] = stamp
        if 253 in row:
            row[253] = row[253] * 1000 + EPOCH_MS
            (records if definition.number == RECORD else sessions).append(row)
    return records, sessions


def crc(data):
    table = (0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401, 0xA001, 0x6C00, 0x7800, 0xB401, 0x5000, 0x9C01, 0x8801, 0x4400)
    sum_ = 0
    for byte in data:
        for nibble in (byte & 15, byte >> 4):
            sum_ = (sum_ >> 4) ^ table[sum_ & 15] ^ table[nibble]
    return sum_


def shifted(data, seconds):
    """The same file, that much later; file_id's time of creation too, so that it is another file."""
    out = bytearray(data)
    for at, definition, _, values in messages(data):
        where = at
        for (field, bad, plain), value, part in zip(definition.fields, values, definition.parts):
            if (field == 253 or (definition.number, field) in INSTANTS) and part == "I" and value != bad:
                struct.pack_into(definition.order + "I", out, where, value + seconds)
            where += struct.calcsize("=" + part)
    end = data[0] + struct.unpack_from("<I", data, 4)[0]
    struct.pack_into("<H", out, end, crc(out[:end]))
    return bytes(out)
