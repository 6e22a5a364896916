# SPDX-License-Identifier: MIT
"""A simulated venue as unkind as the real ones, for the tests of hosts and of venue plugins."""

from .call import Fault
from .counterpart import FaultyCounterpart, serve
from .declared import CAPABILITIES, default_instrument
from .dialect import HttpDialect, HttpRequest
from .legs import LateCancel, LooseLink, RefuseLeg, Vanish
from .placed import PlacedOrder
from .placing import (
    AcceptThenDrop,
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
from .process import FaultyProcess
from .refusing import (
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
from .remote import REMOTE, RemoteConfig, RemoteFaultyVenue, RemotePlugin
from .requests import Asked, Request, read_requests
from .script import FAULTS, ByChance, fault_from_dict, fault_to_dict
from .venue import FaultyPlugin, FaultyVenue

__all__ = [
    "CAPABILITIES",
    "FAULTS",
    "REMOTE",
    "AcceptThenDrop",
    "AcceptThenHang",
    "AnswerTwice",
    "Asked",
    "BadCredentials",
    "ByChance",
    "CancelMeetsFill",
    "Closed",
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
    "HttpDialect",
    "HttpRequest",
    "LateAppearance",
    "LateCancel",
    "LateFill",
    "LooseLink",
    "Lost",
    "Match",
    "PartialFill",
    "PartialThenCancel",
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
    "Unsent",
    "Vanish",
    "default_instrument",
    "fault_from_dict",
    "fault_to_dict",
    "read_requests",
    "serve",
]
