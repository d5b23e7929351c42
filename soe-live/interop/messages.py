"""Messages of the original's protocol, written and read by hand, field by field, so that
nothing is shared with the programs under test: numbers, bytes and texts of Protobuf."""


def varint(value):
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def message(**fields):
    out = b""
    for name, value in fields.items():
        field = int(name[1:])
        if isinstance(value, int):
            out += varint(field << 3) + varint(value)
            continue
        for item in value if isinstance(value, list) else [value]:
            data = item.encode() if isinstance(item, str) else item
            out += varint(field << 3 | 2) + varint(len(data)) + data
    return out


def fields(data):
    at, found = 0, {}

    def number():
        nonlocal at
        value, shift = 0, 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    while at < len(data):
        key = number()
        if key & 7 == 0:
            value = number()
        elif key & 7 == 2:
            size = number()
            value = data[at : at + size]
            at += size
        else:
            size = {1: 8, 5: 4}[key & 7]
            value = data[at : at + size]
            at += size
        found.setdefault(key >> 3, []).append(value)
    return found


def request(name="clambda0", size=100, **more):
    return message(f1=name, f2="A" * size, **more)
