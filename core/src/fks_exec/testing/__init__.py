# SPDX-License-Identifier: MIT
"""The kit: a suite for venues, guards and observers of strangers, and a simulated venue as unkind as the real ones."""

from .cases import Case, GuardTrial, ObserverTrial
from .faulty.call import Fault
from .faulty.counterpart import FaultyCounterpart, serve
from .faulty.declared import CAPABILITIES, default_instrument
from .faulty.dialect import HttpDialect, HttpRequest
from .faulty.legs import LateCancel, LooseLink, RefuseLeg, Vanish
from .faulty.placed import PlacedOrder
from .faulty.placing import (
    AcceptThenDrop,
    AcceptThenError,
    AcceptThenHang,
    AnswerTwice,
    EmptyLookUps,
    Fill,
    Garbage,
    LateFill,
    Match,
    PartialFill,
    PartialThenCancel,
    Reorder,
    Rest,
    Slow,
    SwallowCancellation,
    TradeTwice,
)
from .faulty.process import FaultyProcess
from .faulty.refusing import (
    BadCredentials,
    CancelMeetsFill,
    Closed,
    EmptyLookUp,
    FailLookUp,
    LateAppearance,
    Lost,
    RateLimit,
    Refuse,
    Unsent,
)
from .faulty.remote import REMOTE, RemoteConfig, RemoteFaultyVenue, RemotePlugin
from .faulty.requests import Asked, Request, read_requests
from .faulty.script import FAULTS, ByChance, fault_from_dict, fault_to_dict
from .faulty.venue import FaultyPlugin, FaultyVenue
from .trial import Counterpart, Level, Placed, Trial

__all__ = [
    "CAPABILITIES",
    "FAULTS",
    "REMOTE",
    "AcceptThenDrop",
    "AcceptThenError",
    "AcceptThenHang",
    "AnswerTwice",
    "Asked",
    "BadCredentials",
    "ByChance",
    "CancelMeetsFill",
    "Case",
    "Closed",
    "Counterpart",
    "EmptyLookUp",
    "EmptyLookUps",
    "FailLookUp",
    "Fault",
    "FaultyCounterpart",
    "FaultyPlugin",
    "FaultyProcess",
    "FaultyVenue",
    "Fill",
    "Garbage",
    "GuardTrial",
    "HttpDialect",
    "HttpRequest",
    "LateAppearance",
    "LateCancel",
    "LateFill",
    "Level",
    "LooseLink",
    "Lost",
    "Match",
    "ObserverTrial",
    "PartialFill",
    "PartialThenCancel",
    "Placed",
    "PlacedOrder",
    "RateLimit",
    "Refuse",
    "RefuseLeg",
    "RemoteConfig",
    "RemoteFaultyVenue",
    "RemotePlugin",
    "Reorder",
    "Request",
    "Rest",
    "Slow",
    "SwallowCancellation",
    "TradeTwice",
    "Trial",
    "Unsent",
    "Vanish",
    "default_instrument",
    "fault_from_dict",
    "fault_to_dict",
    "read_requests",
    "serve",
]
