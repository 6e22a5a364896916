"""What an error proves: by what was handed over, the status, the cause, the exchange's code; the class comes last."""

from __future__ import annotations

import json
import socket
import ssl
from typing import Any

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fks_exec.errors import (
    NotSent,
    VenueAuthError,
    VenueClosed,
    VenueError,
    VenueRateLimited,
    VenueRejected,
)
from fks_exec_ccxt.session.loading import exchange_class, import_ccxt
from fks_exec_ccxt.wire.calls import Call, Handed
from fks_exec_ccxt.wire.outcomes import DEFINITE, Duplicate, Unsettled, judged, unread, without_id
from fks_exec_ccxt.wire.redaction import clean
from fks_exec_ccxt.wire.unproved import UNPROVED, listed

ccxt = import_ccxt()
REFUSALS = (VenueRejected, VenueRateLimited)
CLASSES = sorted(
    (one for one in vars(ccxt).values() if isinstance(one, type) and issubclass(one, ccxt.BaseError)),
    key=lambda one: one.__name__,
)
CONNECTION = aiohttp.client_reqrep.ConnectionKey("example.com", 443, True, True, None, None, None)


def sent(exchange: str = "binance", status: int | None = 400, **more: Any) -> Call:
    """A call whose one write was handed over."""
    call = Call(exchange=exchange)
    call.hand("POST", "https://api.example.com/order?signature=abc")
    call.handed[0].status = status
    for name, value in more.items():
        setattr(call.handed[0], name, value)
    return call


def told(exchange: str, body: object, kind: str = "ExchangeError") -> Exception:
    """As ccxt words what an exchange answered."""
    error: Exception = getattr(ccxt, kind)(f"{exchange} {json.dumps(body)}")
    return error


def caused(error: Exception, cause: BaseException, call: Call) -> Exception:
    error.__cause__ = cause
    call.handed[-1].error = error
    return error


@settings(max_examples=1000)
@given(
    kind=st.sampled_from(CLASSES),
    status=st.one_of(st.sampled_from([None, 200, 400, 401, 403, 404, 408, 409, 418, 429, 500, 503]), st.integers(100, 599)),
    text=st.sampled_from(
        ['binance {"code":-9,"msg":"no"}', "binance POST https://x.io/a?signature=1 403 Forbidden <html>", "", "x"]
    ),
    cause=st.sampled_from(
        [None, TimeoutError(), aiohttp.ServerDisconnectedError(), aiohttp.ClientPayloadError(), ValueError()]
    ),
    answered=st.booleans(),
    followed=st.booleans(),
)
def test_a_refusal_is_told_only_for_the_classes_and_statuses_that_prove_one(
    kind: type[Exception], status: int | None, text: str, cause: Exception | None, answered: bool, followed: bool
) -> None:
    call = sent(status=status, answered=answered)
    error = kind(text)
    error.__cause__ = cause
    call.handed[0].error = None if answered else error
    if followed:
        call.hand("GET", "https://api.example.com/order")
    verdict = judged(error, call)
    assert isinstance(verdict, (*REFUSALS, Unsettled))
    if isinstance(verdict, REFUSALS):
        names = {one.__name__ for one in kind.__mro__}
        assert names & DEFINITE or (status is not None and 400 <= status < 500 and status not in (408, 409))
        assert "DuplicateOrderId" not in names
        assert cause is None
        assert not answered
        assert not followed
        assert status is not None
        assert status < 500
    assert "signature" not in str(verdict)


@given(kind=st.sampled_from([RuntimeError, KeyError, TypeError, AttributeError, OSError]), status=st.integers(100, 599))
def test_what_is_not_of_ccxt_proves_nothing_once_something_was_handed_over(kind: type[Exception], status: int) -> None:
    assert isinstance(judged(kind("x"), sent(status=status)), Unsettled)


@given(kind=st.sampled_from(CLASSES))
def test_before_anything_is_handed_over_nothing_is_unknown(kind: type[Exception]) -> None:
    verdict = judged(kind("binance createOrder() requires a price"), Call(exchange="binance"))
    assert isinstance(verdict, VenueError)


REFUSED = OSError(111, "refused")
UNCONNECTED = {
    "no route": lambda: aiohttp.ClientConnectorError(CONNECTION, REFUSED),
    "proxy": lambda: aiohttp.ClientProxyConnectionError(CONNECTION, REFUSED),
    "certificate": lambda: aiohttp.ClientConnectorSSLError(CONNECTION, OSError(1, "certificate")),
    "dns": lambda: aiohttp.ClientConnectorDNSError(CONNECTION, OSError(-2, "unknown name")),
    "connect timeout": lambda: aiohttp.ConnectionTimeoutError("connect"),
    "name": lambda: socket.gaierror(-2, "unknown name"),
    "expired": lambda: ssl.SSLCertVerificationError("expired"),
}


@pytest.mark.parametrize("cause", UNCONNECTED)
def test_what_failed_while_connecting_was_not_sent(cause: str) -> None:
    call = sent(status=None)
    verdict = judged(caused(ccxt.ExchangeNotAvailable("binance POST https://x"), UNCONNECTED[cause](), call), call)
    assert isinstance(verdict, NotSent)
    assert verdict.code == "UNREACHABLE"


def test_a_second_write_that_cannot_connect_says_nothing_about_the_first() -> None:
    call = sent(status=200, answered=True)
    call.hand("POST", "https://api.example.com/other")
    error = caused(ccxt.ExchangeNotAvailable("binance POST https://x"), UNCONNECTED["no route"](), call)
    assert isinstance(judged(error, call), Unsettled)


def test_a_later_request_that_cannot_connect_says_nothing_about_the_one_before() -> None:
    call = sent(status=200, answered=True)
    call.hand("GET", "https://api.example.com/order")
    error = caused(ccxt.ExchangeNotAvailable("binance GET https://x"), UNCONNECTED["no route"](), call)
    assert isinstance(judged(error, call), Unsettled)


@pytest.mark.parametrize(
    "cause",
    [aiohttp.ServerDisconnectedError(), aiohttp.ClientOSError(104, "reset"), TimeoutError(), aiohttp.ClientPayloadError()],
)
def test_what_broke_after_the_connection_stood_is_unknown(cause: Exception) -> None:
    call = sent(status=None)
    for kind in (ccxt.ExchangeNotAvailable, ccxt.RequestTimeout, ccxt.ExchangeError):
        assert isinstance(judged(caused(kind("binance POST https://x"), cause, call), call), Unsettled)


@pytest.mark.parametrize(("exchange", "code"), [(name, code) for name, codes in UNPROVED.items() for code in sorted(codes)])
@pytest.mark.parametrize("kind", ["ExchangeError", "InvalidOrder", "BadRequest", "RequestTimeout", "OperationFailed"])
def test_a_code_that_says_the_status_is_unknown_goes_before_every_class(exchange: str, code: str, kind: str) -> None:
    for body in ({"code": code, "msg": "x"}, {"retCode": code}, {"data": [{"sCode": code}]}, {"error": [code]}):
        assert isinstance(judged(told(exchange, body, kind), sent(exchange, status=200)), Unsettled)


@pytest.mark.parametrize(
    "words",
    [
        "Timeout waiting",
        "Request timed out",
        "execution status unknown",
        "Internal server error",
        "System busy",
        "Unknown error",
        "Submitted to the system for processing!",
        "This request is currently being processed.",
        "Third-party service call failed (internal exception)",
        "Service is temporarily unavailable",
    ],
)
def test_words_that_say_so_go_before_the_class(words: str) -> None:
    assert isinstance(judged(told("bybit", {"retCode": 1, "retMsg": words}, "InvalidOrder"), sent("bybit")), Unsettled)


@pytest.mark.parametrize(
    ("exchange", "status", "body", "kind", "verdict", "code"),
    [
        (
            "binance",
            400,
            {"code": -2010, "msg": "Account has insufficient balance"},
            "InsufficientFunds",
            VenueRejected,
            "INSUFFICIENT_FUNDS",
        ),
        ("binance", 400, {"code": -1013, "msg": "Filter failure: NOTIONAL"}, "BadRequest", VenueRejected, "MIN_NOTIONAL"),
        ("binance", 400, {"code": -1013, "msg": "Filter failure: LOT_SIZE"}, "BadRequest", VenueRejected, "MIN_QUANTITY"),
        ("binance", 400, {"code": -1013, "msg": "Filter failure: PRICE_FILTER"}, "BadRequest", VenueRejected, "PRICE_TICK"),
        (
            "binance",
            400,
            {"code": -2010, "msg": "Stop price would trigger immediately."},
            "OrderImmediatelyFillable",
            VenueRejected,
            "STOP_TRIGGERED",
        ),
        (
            "binance",
            400,
            {"code": -2010, "msg": "Order would immediately match and take."},
            "OrderImmediatelyFillable",
            VenueRejected,
            "POST_ONLY",
        ),
        ("binance", 400, {"code": -2013, "msg": "Order does not exist."}, "OrderNotFound", VenueRejected, "UNKNOWN_ORDER"),
        ("binance", 400, {"code": -1021, "msg": "Timestamp outside recvWindow"}, "InvalidNonce", VenueRejected, "CLOCK"),
        (
            "binance",
            400,
            {"code": -2019, "msg": "Margin is insufficient."},
            "OperationFailed",
            VenueRejected,
            "INSUFFICIENT_FUNDS",
        ),
        ("binance", 401, {"code": -2015, "msg": "Invalid API-key"}, "AuthenticationError", VenueAuthError, "AUTH"),
        ("binance", 401, {"code": -2015, "msg": "Invalid API-key"}, "DDoSProtection", VenueAuthError, "AUTH"),
        ("binance", 429, {"code": -1003, "msg": "Too many requests"}, "RateLimitExceeded", VenueRateLimited, "RATE_LIMITED"),
        ("binance", 418, {"code": -1003, "msg": "banned"}, "DDoSProtection", VenueRateLimited, "RATE_LIMITED"),
        ("binance", 400, {"code": -1013, "msg": "Market is closed."}, "MarketClosed", VenueClosed, "MARKET_CLOSED"),
        ("binance", 400, {"code": -9999, "msg": "something new"}, "ExchangeError", VenueRejected, "REJECTED"),
        (
            "bybit",
            200,
            {"retCode": 110007, "retMsg": "ab not enough"},
            "InsufficientFunds",
            VenueRejected,
            "INSUFFICIENT_FUNDS",
        ),
        ("bybit", 200, {"retCode": 10006, "retMsg": "Too many visits"}, "RateLimitExceeded", VenueRateLimited, "RATE_LIMITED"),
        ("kraken", 200, {"error": ["EOrder:Insufficient funds"]}, "InsufficientFunds", VenueRejected, "INSUFFICIENT_FUNDS"),
        ("kraken", 200, {"error": ["EOrder:Trading agreement required"]}, "ExchangeError", VenueRejected, "REJECTED"),
        ("mexc", 200, {"code": 801, "msg": "maintaining"}, "OnMaintenance", VenueClosed, "MAINTENANCE"),
        ("okx", 400, {"code": "50120", "msg": "no permission"}, "PermissionDenied", VenueRejected, "PERMISSION"),
        ("deribit", 400, {"error": {"code": 11035, "message": "no_more_stops"}}, "DDoSProtection", VenueRejected, "REJECTED"),
        (
            "bitfinex",
            500,
            ["error", 10006, "Invalid order: not enough exchange balance"],
            "InsufficientFunds",
            VenueRejected,
            "INSUFFICIENT_FUNDS",
        ),
    ],
)
def test_refusals(exchange: str, status: int, body: object, kind: str, verdict: type[Exception], code: str) -> None:
    found = judged(told(exchange, body, kind), sent(exchange, status=status))
    assert type(found) is verdict
    assert getattr(found, "code", None) == code


@pytest.mark.parametrize(
    ("exchange", "status", "body", "kind"),
    [
        ("bybit", 200, {"retCode": 110072, "retMsg": "OrderLinkedID is duplicate"}, "InvalidOrder"),
        ("binance", 400, {"code": -2010, "msg": "Duplicate order sent."}, "InvalidOrder"),
        ("binance", 400, {"code": -4116, "msg": "ClientOrderId is duplicated."}, "InvalidOrder"),
        ("okx", 200, {"data": [{"sCode": "51016", "sMsg": "Client order ID already exists."}]}, "InvalidOrder"),
        ("woo", 400, {"code": 302117}, "DuplicateOrderId"),
    ],
)
def test_an_id_that_the_exchange_has_already_is_ours_to_look_up(exchange: str, status: int, body: object, kind: str) -> None:
    found = judged(told(exchange, body, kind), sent(exchange, status=status))
    assert isinstance(found, Duplicate)
    assert found.code == "DUPLICATE_ID"


@pytest.mark.parametrize(
    ("exchange", "status", "body", "kind"),
    [
        ("binance", 503, {"code": -1008, "msg": "overloaded"}, "ExchangeError"),
        ("binance", 500, {"code": -2010, "msg": "insufficient"}, "InsufficientFunds"),
        ("bybit", 200, {"retCode": 99999, "retMsg": "new"}, "ExchangeError"),
        ("kraken", 200, {"error": ["EService:Deadline elapsed"]}, "ExchangeError"),
        ("kraken", 200, {"error": ["EService:Unavailable"]}, "ExchangeNotAvailable"),
        ("bitfinex", 500, ["error", 10001, "unknown"], "ExchangeError"),
        ("binance", 409, {"code": -9, "msg": "partly"}, "ExchangeError"),
        ("binance", 408, {"code": -9, "msg": "x"}, "InvalidOrder"),
    ],
)
def test_answers_that_prove_nothing(exchange: str, status: int, body: object, kind: str) -> None:
    assert isinstance(judged(told(exchange, body, kind), sent(exchange, status=status)), Unsettled)


@pytest.mark.parametrize(
    ("exchange", "code", "words"),
    [
        ("bybit", 170035, "Submitted to the system for processing!"),
        ("bybit", 131003, "Interal error"),
        ("woo", 302311, "x"),
        ("woo", 317174, "The order is processing"),
        ("woo", -1011, "x"),
        ("kucoin", "126038", "x"),
        ("kucoinfutures", "126038", "x"),
        ("bitget", "1", "x"),
        ("bitget", "32047", "x"),
        ("deribit", 10001, "error"),
        ("okx", "63999", "x"),
        ("mexc", 20002, "x"),
    ],
)
def test_a_write_that_is_told_as_taken_or_as_the_servers_own_fault_is_unknown(exchange: str, code: Any, words: str) -> None:
    """Each in the class that ccxt has for it, of which some are those of a refusal."""
    known = exchange_class(exchange)()
    kinds = {**known.exceptions, **known.exceptions.get("exact", {})}
    error = kinds.get(str(code), ccxt.ExchangeError)(f"{exchange} {json.dumps({'code': code, 'msg': words})}")
    call = sent(exchange, status=200)
    call.listed = listed(known.exceptions)
    assert isinstance(judged(error, call), Unsettled)


@pytest.mark.parametrize(
    "words",
    [
        "Settlement in progress! BTC not available for trades.",
        "Your permission rights have been restricted, you can contact customer service for processing",
        "Can not cancel order, please try again later",
    ],
)
def test_words_of_a_refusal_that_sound_like_it_stay_a_refusal(words: str) -> None:
    assert isinstance(judged(told("bybit", {"retCode": 1, "retMsg": words}, "InvalidOrder"), sent("bybit")), VenueRejected)


@pytest.mark.parametrize(
    ("exchange", "body", "kind"),
    [
        ("mexc", {"code": 30020, "msg": "no permission for the symbol"}, "AuthenticationError"),
        ("mexc", {"code": 700013, "msg": "x"}, "AuthenticationError"),
        ("gate", {"label": "REQUEST_EXPIRED", "message": "x"}, "AuthenticationError"),
        ("okx", {"code": "1", "data": [{"sCode": "51732", "sMsg": "x"}]}, "AuthenticationError"),
        ("okx", {"code": "59113", "msg": "x"}, "AuthenticationError"),
        ("binance", {"code": -4046, "msg": "Agreement not confirmed."}, "AuthenticationError"),
    ],
)
def test_one_instrument_or_one_late_request_says_nothing_of_the_key(exchange: str, body: Any, kind: str) -> None:
    """A VenueAuthError would have every order of the account rest."""
    assert type(judged(told(exchange, body, kind), sent(exchange))) is VenueRejected


GONE = [
    ("kraken", {"error": ["EOrder:Unknown order"]}, "InvalidOrder"),
    ("deribit", {"error": {"code": 11044, "message": "not_open_order"}}, "InvalidOrder"),
    ("gate", {"label": "ORDER_CLOSED", "message": "x"}, "InvalidOrder"),
    ("gate", {"label": "ORDER_FINISHED", "message": "x"}, "ExchangeError"),
    ("mexc", {"code": -2011, "msg": "Unknown order sent."}, "BadRequest"),
    ("kucoin", {"code": "100004", "msg": "Order is in not cancelable state"}, "BadRequest"),
    ("woo", {"code": -1006, "message": "The data is not found in server."}, "BadRequest"),
]


@pytest.mark.parametrize(("exchange", "body", "kind"), GONE)
def test_a_cancel_of_an_order_that_is_gone_says_so(exchange: str, body: Any, kind: str) -> None:
    assert getattr(judged(told(exchange, body, kind), sent(exchange)), "code", "") == "UNKNOWN_ORDER"


@pytest.mark.parametrize(("exchange", "body", "kind"), GONE[1:])
def test_the_same_words_to_a_look_up_are_no_proof_that_there_is_no_order(exchange: str, body: Any, kind: str) -> None:
    assert getattr(judged(told(exchange, body, kind), _reading(exchange)), "code", "") != "UNKNOWN_ORDER"


def test_wrong_parameters_of_a_look_up_are_no_proof_that_there_is_no_order() -> None:
    def code(words: str) -> str:
        body = {"code": "100001", "msg": words}
        return str(getattr(judged(told("kucoin", body, "OrderNotFound"), _reading("kucoin")), "code", ""))

    assert code("There are invalid parameters") == "BAD_REQUEST"
    assert code("error.getOrder.orderNotExist") == "UNKNOWN_ORDER"


def test_an_order_that_mexc_does_not_know_is_not_there() -> None:
    body = {"code": -2013, "msg": "Order does not exist."}
    assert getattr(judged(told("mexc", body), _reading("mexc")), "code", "") == "UNKNOWN_ORDER"


def test_a_nonce_that_came_too_late_is_a_refusal_of_the_moment() -> None:
    refused = judged(told("kraken", {"error": ["EAPI:Invalid nonce"]}, "InvalidNonce"), sent("kraken", status=200))
    assert isinstance(refused, VenueRejected)
    assert (refused.code, refused.retryable) == ("CLOCK", True)
    other = judged(told("binance", {"code": -1021, "msg": "Timestamp"}, "InvalidNonce"), sent("binance"))
    assert isinstance(other, VenueRejected)
    assert not other.retryable


def _reading(exchange: str) -> Call:
    call = Call(exchange=exchange, reading=True)
    call.hand("GET", "https://x.io/order")
    call.handed[0].status = 400
    return call


def test_a_firewalls_page_is_a_refusal_at_the_door_and_a_servers_page_is_not() -> None:
    text = "binance POST https://api.binance.com/api/v3/order?signature=abc 403 Forbidden <html>"
    assert isinstance(judged(ccxt.ExchangeNotAvailable(text), sent(status=403)), VenueRejected)
    assert isinstance(judged(ccxt.ExchangeNotAvailable(text.replace("403", "502")), sent(status=502)), Unsettled)


def test_a_refusal_that_ccxt_finds_after_the_answer_counts_where_it_is_known() -> None:
    later = sent("krakenfutures", status=200, answered=True)
    reduce = ccxt.ExchangeError("krakenfutures: createOrder failed due to wouldNotReducePosition")
    assert getattr(judged(reduce, later), "code", "") == "REDUCE_ONLY"
    assert isinstance(judged(ccxt.InvalidOrder("okx something"), sent("okx", status=200, answered=True)), Unsettled)


def test_a_code_that_ccxt_lists_without_a_kind_is_a_refusal() -> None:
    call = sent("okx", status=200)
    body = {"data": [{"sCode": "51023", "sMsg": "Position does not exist"}]}
    assert isinstance(judged(told("okx", body), call), Unsettled)
    call.listed = listed(exchange_class("okx")().exceptions)
    assert isinstance(judged(told("okx", body), call), VenueRejected)


def test_no_code_that_says_the_status_is_unknown_is_taken_for_a_listed_refusal() -> None:
    for name, codes in UNPROVED.items():
        for code in codes & listed(exchange_class(name)().exceptions):
            call = sent(name, status=200)
            call.listed = listed(exchange_class(name)().exceptions)
            assert isinstance(judged(told(name, {"code": code, "msg": ""}), call), Unsettled)


def test_a_refusal_of_the_moment_may_be_tried_again() -> None:
    body = {"retCode": 110079, "retMsg": "The order is processing and can not be operated, please try again later"}
    verdict = judged(told("bybit", body), sent("bybit", status=200))
    assert isinstance(verdict, VenueRejected)
    assert verdict.retryable
    other = judged(told("bybit", {"retCode": 110999, "retMsg": "new"}), sent("bybit", status=200))
    assert isinstance(other, VenueRejected)
    assert not other.retryable


def test_a_cancel_that_is_restricted_is_no_order_that_is_gone() -> None:
    body = {"code": -2011, "msg": "Order was not canceled due to cancel restrictions."}
    assert getattr(judged(told("binance", body, "OrderNotFound"), sent()), "code", "") == "CANCEL_RESTRICTED"


def test_retry_after_is_told() -> None:
    call = sent(status=429)
    call.handed[0].heard(429, {"Retry-After": "7"}, "{}")
    verdict = judged(ccxt.RateLimitExceeded("binance {}"), call)
    assert isinstance(verdict, VenueRateLimited)
    assert verdict.retry_after == 7.0


def test_a_reading_request_before_the_write_is_not_the_write() -> None:
    call = Call(exchange="bitget")
    call.hand("GET", "https://x/settings")
    call.handed[0].status = 502
    assert isinstance(judged(ccxt.ExchangeNotAvailable("bitget GET https://x 502 Bad"), call), NotSent)
    call.handed[0].status = 401
    assert isinstance(judged(ccxt.AuthenticationError('bitget {"msg":"key"}'), call), VenueAuthError)


def test_reading_calls_are_told_as_such() -> None:
    def read(error: Exception, status: int | None, **more: Any) -> Exception:
        call = Call(exchange="kraken", reading=True)
        call.hand("POST", "https://x/0/private/QueryOrders")
        call.handed[0].status = status
        for name, value in more.items():
            setattr(call.handed[0], name, value)
        return judged(error, call)

    def code(error: Exception) -> str:
        return str(getattr(error, "code", ""))

    missing = told("kraken", {"error": ["EOrder:Unknown order"]}, "OrderNotFound")
    assert code(read(missing, 200)) == "UNKNOWN_ORDER"
    assert code(read(ccxt.OrderNotFound("bybit order 1 was not found"), 200, answered=True, read=True)) == "UNKNOWN_ORDER"
    assert code(read(ccxt.OrderNotFound("bybit order 1 was not found"), 200, answered=True, read=False)) == "NO_ANSWER"
    assert code(read(ccxt.OrderNotFound("kraken <html>"), 502)) == "NO_ANSWER"
    assert code(read(ccxt.RequestTimeout("kraken POST https://x"), None)) == "TIMEOUT"
    assert type(read(told("kraken", {"error": ["EAPI:Invalid key"]}, "AuthenticationError"), 200)) is VenueAuthError


def test_an_answer_without_an_id_is_unknown() -> None:
    assert "names no order" in str(without_id(sent()))
    call = sent(status=200, answered=True, read=False)
    assert isinstance(unread(call), Unsettled)
    call.handed[0].read = True
    assert unread(call) is None


SECRETS = (
    "kEy-4711-canary",
    "s3cr3t/canary+=&x",
    "pass phrase canary",
    "-----BEGIN KEY-----\nMIICANARY1234\nzzCANARYzz99\n-----END KEY-----",
)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "frame",
    [
        'binance {"code":-1,"msg":"bad key %s"}',
        'binance {"code":-1,"msg":"no","echo":{"message":"%s"}}',
        "binance POST https://api.x.io/order?apiKey=%s&signature=deadbeef 400 Bad %s",
        "binance the header was %s",
        "%s",
        "binance error %s " + "x" * 300,
        "binance " + "y" * 190 + " %s",
    ],
)
def test_no_secret_is_ever_told(secret: str, frame: str) -> None:
    import base64
    from urllib.parse import quote

    for form in (secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode(), json.dumps(secret)[1:-1]):
        text = frame.replace("%s", form)
        for call in (sent(), sent(status=None), Call(exchange="binance"), Call(exchange="binance", reading=True)):
            call.secrets = SECRETS
            for kind in (
                ccxt.InvalidOrder,
                ccxt.ExchangeNotAvailable,
                ccxt.AuthenticationError,
                ccxt.ExchangeError,
                RuntimeError,
            ):
                shown = str(judged(kind(text), call))
                for part in (form, *secret.splitlines()):
                    assert part not in shown
                assert "https://" not in shown
                assert "deadbeef" not in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("signature=abcdef0123 is bad", "signature=*** is bad"),
        ('{"apiKey": "abc", "x": 1}', '{"apiKey": "***", "x": 1}'),
        ("X-MBX-APIKEY: abc", "X-MBX-APIKEY: ***"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("see https://x.io/a?b=c for more", "see (address) for more"),
        ("d" * 64, "***"),
        ("Insufficient margin\n\n for BTC/USDT", "Insufficient margin for BTC/USDT"),
    ],
)
def test_what_looks_like_a_secret_is_cut_out(text: str, shown: str) -> None:
    assert clean(text) == shown


@given(st.text(max_size=600))
def test_what_is_told_is_one_short_line(text: str) -> None:
    shown = clean(text)
    assert len(shown) <= 200
    assert "\n" not in shown


def test_the_sentence_holds_what_the_exchange_said() -> None:
    verdict = judged(
        told(
            "okx",
            {"code": "1", "msg": "All operations failed", "data": [{"sCode": "51008", "sMsg": "Too little USDT"}]},
            "InsufficientFunds",
        ),
        sent("okx", status=200),
    )
    assert str(verdict).startswith("okx refused: Too little USDT")


def test_a_handed_request_shows_neither_path_nor_body() -> None:
    request = Handed("POST", "/a/secret-id", True, beginning="secret-body")
    assert "secret" not in repr(request)
