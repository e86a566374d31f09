"""Times as text, RFC 3339."""

import re


def civil(days):
    """Year, month and day of a count of days since 1970-01-01 (proleptic Gregorian)."""
    days += 719468
    era, doe = divmod(days, 146097)
    yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    mp = (5 * doy + 2) // 153
    month = mp + 3 if mp < 10 else mp - 9
    return yoe + era * 400 + (month <= 2), month, doy - (153 * mp + 2) // 5 + 1


def days_of(year, month, day):
    """The inverse of `civil`."""
    year -= month <= 2
    era, yoe = divmod(year, 400)
    doy = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return era * 146097 + yoe * 365 + yoe // 4 - yoe // 100 + doy - 719468


def time_text(value):
    """A time as RFC 3339 in UTC; None for none."""
    if value is None:
        return None
    seconds, millis = divmod(value, 1000)
    days, second = divmod(seconds, 86400)
    date = "%04d-%02d-%02d" % civil(days)
    clock = "T%02d:%02d:%02d" % (second // 3600, second // 60 % 60, second % 60)
    return date + clock + (".%03d" % millis if millis else "") + "Z"


RFC3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.A)


def parse_time(text):
    """Milliseconds of an RFC 3339 time (finer digits are cut off), or None."""
    if text is None:
        return None
    found = RFC3339.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is not a time of RFC 3339")
    year, month, day, hour, minute, second = (int(x) for x in found.groups()[:6])
    days = days_of(year, month, day)
    if civil(days) != (year, month, day) or hour > 23 or minute > 59 or second > 59:
        raise ValueError(f"{text!r} is not a time")
    millis = int((found[7] or "").ljust(3, "0")[:3])
    offset = (int(found[9]) * 60 + int(found[10])) * (-1 if found[8] == "-" else 1) if found[8] else 0
    return (days * 86400 + hour * 3600 + minute * 60 + second - offset * 60) * 1000 + millis
