"""Time zones that are hard to cut, each with days on which its clocks were changed."""

import datetime

QUARTER = datetime.timedelta(minutes=15)
SWITCHES = {
    "UTC": ["2026-03-29"],
    "Asia/Kolkata": ["2026-03-29"],  # +5:30
    "Asia/Kathmandu": ["2026-03-29"],  # +5:45
    "Pacific/Marquesas": ["2026-03-29"],  # −9:30
    "Pacific/Kiritimati": ["2026-03-29"],  # +14
    "Pacific/Pago_Pago": ["2026-03-29"],  # −11
    "America/St_Johns": ["2026-03-08", "2026-11-01"],  # −3:30
    "Pacific/Chatham": ["2026-04-05", "2026-09-27"],  # +12:45
    "Australia/Lord_Howe": ["2026-04-05", "2026-10-04"],  # half an hour
    "Europe/Berlin": ["2026-03-29", "2026-10-25"],
    "America/New_York": ["2026-03-08", "2026-11-01"],
    "America/Havana": ["2026-03-08", "2026-11-01"],  # midnight is left out; midnight comes twice
    "Africa/Cairo": ["2026-04-24", "2026-10-30"],  # midnight is left out; the evening before comes twice
    "Antarctica/Troll": ["2026-03-29", "2026-10-25"],  # two hours
}
CASES = [(zone, datetime.date.fromisoformat(day)) for zone, days in SWITCHES.items() for day in days]
