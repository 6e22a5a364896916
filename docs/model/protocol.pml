/* SPDX-License-Identifier: MIT */
/* The lane, the journal and the resolution of unknown orders, for Spin. `nox -s model` searches all of it.
 *
 * Every move stands in a d_step: the hub's event loop runs one callback at a time, so nothing comes between its statements,
 * and anything (a kill, the disk, the venue) may come between two moves. What a process remembers stands in the variables
 * under "memory" and is lost with a kill. docs/model/index.md explains the rules by number: R1, R2, ...
 */

#define ORDERS 3    /* numbered in the order in which they are accepted */
#define ATTEMPTS 2  /* to place one order */
#ifndef KILLS
#define KILLS 2
#endif
#ifndef FAULTS
#define FAULTS 1    /* commits that fail */
#endif
#ifndef LANES
#define LANES 1
#endif
#define lane_of(n) ((n) % LANES)
#define FREE ORDERS /* nobody is in the lane's hand */

/* The properties. ONLY=n asserts one of them, 0 all. */
#define ONE_ATTEMPT 1
#define IN_ORDER 2
#define NONE_LOST 3
#define DURABLE_FIRST 4
#define TRUE_ENDS 5
#ifndef ONLY
#define ONLY 0
#endif
#define must(property, condition) assert((ONLY != 0 && ONLY != property) || (condition))

/* What a write holds. */
mtype = { accept, accept_intent, intent, intent_void, attempt_over, outcome };
/* What became of it. */
mtype = { failed, stored, exists };
/* What is known of an order; `placed` stands for resting, filled, and every end that the venue itself tells. */
mtype = { none, unknown, placed, not_placed, denied };
/* Where its request is; one that is lost, refused or expired is nowhere. */
mtype = { nowhere, on_wire, at_venue };
/* What the host does with it. */
mtype = { unborn, accepting, queueing, waiting, intending, calling, ending, recording, unresolved, ended, refused };

/* The journal: all that is durable. */
bool j_accepted[ORDERS];
byte j_attempt[ORDERS];
mtype j_outcome[ORDERS] = none;

/* The world: the wire, the venue, the callers. They survive a kill. */
mtype request[ORDERS] = nowhere;
bool over[ORDERS];  /* the deadline of the last call and the expiry of its request have passed */
bool stale[ORDERS]; /* the venue has used up its one look-up after that, which does not show what is there */
bool blind;         /* look-ups never answer, or the venue has none */
bool acknowledged[ORDERS];
byte next;          /* the order that comes next */
byte kills;         /* that are still to come */
byte faults;

/* Memory. */
mtype phase[ORDERS] = unborn;
mtype result[ORDERS] = none;
byte attempt[ORDERS];
bool once_clean[ORDERS];  /* one look-up after `over` found no such order */
bool unrecorded[ORDERS];  /* the outcome is known and could not be written */
bool unwritable;
bool latched;             /* the writer refuses everything */
byte hand[LANES] = FREE;
chan lane[LANES] = [ORDERS] of { byte };
chan writes = [4] of { mtype, byte, byte };         /* on their way to the disk: kind, order, attempt or outcome */
chan answers = [4] of { mtype, byte, byte, mtype }; /* from the disk: what became of them */

/* For one d_step each, so they are no part of a state (Spin's search in breadth knows no hidden ones). */
#ifdef IN_BREADTH
#define scratch
#else
#define scratch hidden
#endif
scratch byte i, o, value;
scratch mtype kind, fate;

#define unknown_in(l, n) (lane_of(n) == l && result[n] == unknown)
#define some_unknown(l) (unknown_in(l, 0) || unknown_in(l, 1) || unknown_in(l, 2))
#define arrived_after(n, m) (m > n && lane_of(m) == lane_of(n) && request[m] == at_venue)
#define overtaken(n) (arrived_after(n, 1) || arrived_after(n, 2))
#define open_before(n, m) (m < n && lane_of(m) == lane_of(n) && j_accepted[m] && j_outcome[m] == none)
#define settled_before(n) (!open_before(n, 0) && !open_before(n, 1))

#ifdef LATE
#define nothing_of(n) (request[n] != on_wire)
#else
#define nothing_of(n) (request[n] == nowhere)
#endif
#define is_true(n, what) \
    ((what != placed || request[n] == at_venue) && (what != not_placed || nothing_of(n)) && \
     (what != denied || request[n] == nowhere))

/* R8: an outcome is told when it is durable. */
inline tell(n, what) {
    must(DURABLE_FIRST, j_accepted[n] && j_outcome[n] == what);
    printf("order %d: the caller is told %e\n", n + 1, what)
}

/* R7: memory knows at once, the write is behind all earlier ones, and the lane goes on meanwhile. */
inline conclude(n, what) {
    printf("order %d: concluded %e\n", n + 1, what);
    must(TRUE_ENDS, is_true(n, what));
    result[n] = what;
    attempt[n] = 0;
    once_clean[n] = false;
    phase[n] = recording;
    if
    :: unwritable -> unrecorded[n] = true
    :: else -> writes!outcome(n, what)
    fi;
#ifdef TELL_BEFORE_COMMIT
    tell(n, what)
#endif
}

/* R4: the intent is durable before the request is on the wire. */
inline send(n) {
    printf("order %d: sent, attempt %d\n", n + 1, attempt[n]);
    must(ONE_ATTEMPT, request[n] == nowhere);
    must(DURABLE_FIRST, j_attempt[n] == attempt[n]);
    must(DURABLE_FIRST, settled_before(n));
    request[n] = on_wire;
    over[n] = false;
    stale[n] = false;
    phase[n] = calling
}

/* Orders come in. R1: the place in the lane is taken in the tick of the write. R2: an idle lane accepts and intends at once. */
proctype Callers() {
end:
    do
    :: d_step {
        next < ORDERS && !unwritable ->
            o = next;
            next++;
            attempt[o] = 1;
            phase[o] = accepting;
            printf("order %d: accept is asked for\n", o + 1);
            writes!accept(o, 1);
#ifdef ACK_BEFORE_COMMIT
            acknowledged[o] = true;
#endif
#ifndef QUEUE_AFTER_COMMIT
            lane[lane_of(o)]!o
#endif
       }
    :: d_step {
        next < ORDERS && !unwritable && hand[lane_of(next)] == FREE && empty(lane[lane_of(next)]) &&
            !some_unknown(lane_of(next)) ->
            o = next;
            next++;
            attempt[o] = 1;
            hand[lane_of(o)] = o;
            phase[o] = intending;
            printf("order %d: accept and intent are asked for in one write\n", o + 1);
            writes!accept_intent(o, 1)
       }
    od
}

#ifdef QUEUE_AFTER_COMMIT
proctype Late_place(byte n) {
end:
    do
    :: d_step { phase[n] == queueing -> phase[n] = waiting; lane[lane_of(n)]!n; printf("order %d: queued\n", n + 1) }
    od
}
#endif

/* One order at a time: decide, intend, call. */
proctype Lane(byte l) {
end:
    do
    :: d_step { hand[l] == FREE && nempty(lane[l]) -> lane[l]?o; hand[l] = o; o = 0 }
#ifdef ENTRY_BESIDE_UNKNOWN
    :: d_step { hand[l] != FREE && phase[hand[l]] == waiting && !unwritable ->
#else
    /* R6: while the fate of one is unknown, its instrument takes no entry. */
    :: d_step {
        hand[l] != FREE && phase[hand[l]] == waiting && !unwritable && some_unknown(l) ->
            o = hand[l];
            hand[l] = FREE;
            conclude(o, denied)
       }
    :: d_step {
        hand[l] != FREE && phase[hand[l]] == waiting && !unwritable && !some_unknown(l) ->
#endif
            o = hand[l];
            printf("order %d: intent %d is asked for\n", o + 1, attempt[o]);
#ifdef INTENT_AFTER_CALL
            send(o);
#else
            phase[o] = intending;
#endif
            writes!intent(o, attempt[o])
       }
    /* The call ends: the venue says what it took. */
    :: d_step {
        hand[l] != FREE && phase[hand[l]] == calling && request[hand[l]] == at_venue ->
            o = hand[l];
            hand[l] = FREE;
            conclude(o, placed)
       }
    /* It is proved to have had no effect: not sent, a rate limit, a requote. */
    :: d_step {
        hand[l] != FREE && phase[hand[l]] == calling && request[hand[l]] != at_venue ->
            o = hand[l];
            hand[l] = FREE;
            request[o] = nowhere;
            conclude(o, not_placed)
       }
    /* R5: a further attempt is made after such a proof, when that is durable, and after nothing else. */
    :: d_step {
        hand[l] != FREE && phase[hand[l]] == calling && request[hand[l]] != at_venue && attempt[hand[l]] < ATTEMPTS ->
            o = hand[l];
            request[o] = nowhere;
            phase[o] = ending;
            printf("order %d: proof that attempt %d had no effect\n", o + 1, attempt[o]);
            writes!attempt_over(o, attempt[o])
       }
    /* Silence until the deadline, a broken connection, an answer that says nothing. */
    :: d_step {
        hand[l] != FREE && phase[hand[l]] == calling ->
            o = hand[l];
#ifdef RETRY_ON_TIMEOUT
            if
            :: attempt[o] < ATTEMPTS ->
                attempt[o]++;
                phase[o] = waiting;
                printf("order %d: the deadline passes, attempt %d comes\n", o + 1, attempt[o])
            :: else ->
                hand[l] = FREE;
                conclude(o, unknown)
            fi
#else
            hand[l] = FREE;
            conclude(o, unknown)
#endif
       }
    od
}

/* A look-up that fails, or finds nothing before the expiry is over, changes nothing and so is no move. */
proctype Resolver(byte n) {
end:
    do
    /* R14: a look-up finds an order by its own names. */
    :: d_step { phase[n] == unresolved && !blind && request[n] == at_venue -> conclude(n, placed) }
#ifdef RESOLVE_BY_PARAMETERS
    :: d_step {
        phase[n] == unresolved && !blind && request[(n + 2) % 3] == at_venue && lane_of(n) == lane_of((n + 2) % 3) ->
            printf("order %d: an order with the same parameters is found\n", n + 1);
            conclude(n, placed)
       }
#endif
    /* R9: two clean answers, both after the deadline and the expiry of the request. */
#ifdef NOT_PLACED_AT_ONCE
    :: d_step { phase[n] == unresolved && !blind -> conclude(n, not_placed) }
#else
    :: d_step {
        phase[n] == unresolved && !blind && over[n] && (request[n] == nowhere || !stale[n]) ->
            printf("order %d: a look-up finds no such order\n", n + 1);
#ifndef LATE
            stale[n] = (request[n] == at_venue);
#endif
#ifdef ONE_CLEAN_ANSWER
            conclude(n, not_placed)
#else
            if
            :: once_clean[n] -> conclude(n, not_placed)
            :: else -> once_clean[n] = true
            fi
#endif
       }
#endif
#ifdef LATE
#ifndef NO_WATCH
    /* R10: what was concluded from look-ups is watched; a late appearance is a correction. */
    :: d_step { phase[n] == ended && result[n] == not_placed && request[n] == at_venue -> conclude(n, placed) }
#endif
#endif
    od
}

/* The wire and the venue, for one order. They know no host. */
proctype Venue(byte n) {
end:
    do
    :: d_step {
        request[n] == on_wire ->
            must(IN_ORDER, !overtaken(n));
            request[n] = at_venue;
            printf("order %d: the venue takes it\n", n + 1)
       }
    :: d_step { request[n] == on_wire -> request[n] = nowhere; printf("order %d: lost on the way, or refused\n", n + 1) }
    :: d_step {
        (phase[n] == recording || phase[n] == unresolved || phase[n] == ended) &&
            (request[n] == on_wire || (phase[n] == unresolved && !over[n])) ->
            over[n] = true;
            if
            :: request[n] == on_wire -> request[n] = nowhere
            :: else
            fi;
            printf("order %d: deadline and expiry are over\n", n + 1)
       }
    od
}

inline store() {
    if
    :: kind == accept -> j_accepted[o] = true
    :: kind == accept_intent -> j_accepted[o] = true; j_attempt[o] = value
    :: kind == intent -> j_attempt[o] = value; j_outcome[o] = none
    :: kind == intent_void || kind == attempt_over -> j_outcome[o] = not_placed
    :: kind == outcome -> j_outcome[o] = value
    fi
}

/* The writer's thread: writes are stored in their order. R3: after one that fails all are refused until the repair. */
proctype Disk() {
end:
    do
    :: d_step {
        nempty(writes) && !latched ->
            writes?kind(o, value);
            if
            :: kind == intent && j_attempt[o] == value -> answers!kind(o, value, exists)
            :: else -> store(); answers!kind(o, value, stored)
            fi
       }
    :: d_step {
        nempty(writes) && !latched && faults < FAULTS ->
            faults++;
            writes?kind(o, value);
            printf("order %d: its %e is not stored\n", o + 1, kind);
#ifndef OVERLAP_WITHOUT_LATCH
            latched = true;
#endif
            answers!kind(o, value, failed)
       }
    :: d_step {
        nempty(writes) && !latched && faults < FAULTS ->
            faults++;
            writes?kind(o, value);
            printf("order %d: its %e is stored, and the disk reports an error\n", o + 1, kind);
            store();
#ifndef OVERLAP_WITHOUT_LATCH
            latched = true;
#endif
            answers!kind(o, value, failed)
       }
#ifndef OVERLAP_WITHOUT_LATCH
    :: d_step { nempty(writes) && latched -> writes?kind(o, value); answers!kind(o, value, failed) }
#endif
    od
}

inline is_stored() {
    if
    :: kind == accept ->
        must(DURABLE_FIRST, j_accepted[o]);
        acknowledged[o] = true;
        printf("order %d: acknowledged\n", o + 1);
#ifdef QUEUE_AFTER_COMMIT
        phase[o] = queueing
#else
        phase[o] = waiting
#endif
    :: kind == accept_intent ->
        must(DURABLE_FIRST, j_accepted[o]);
        acknowledged[o] = true;
        printf("order %d: acknowledged\n", o + 1);
        send(o)
    :: kind == intent ->
#ifdef INTENT_AFTER_CALL
        skip
#else
        send(o)
#endif
    :: kind == intent_void || kind == attempt_over ->
        attempt[o]++;
        phase[o] = waiting;
        printf("order %d: attempt %d comes\n", o + 1, attempt[o])
    :: kind == outcome ->
#ifndef TELL_BEFORE_COMMIT
        tell(o, value);
#endif
        if
        :: value == unknown -> phase[o] = unresolved
        :: else -> phase[o] = ended; over[o] = false; stale[o] = false
        fi
    fi
}

/* Nothing is sent; whoever asked for an accept is told that it is not known to be durable. */
inline has_failed() {
    unwritable = true;
    if
    :: kind == accept || kind == accept_intent ->
        phase[o] = refused;
        attempt[o] = 0;
        if
        :: hand[lane_of(o)] == o -> hand[lane_of(o)] = FREE
        :: lane[lane_of(o)]??[eval(o)] -> lane[lane_of(o)]??eval(o)
#ifdef QUEUE_AFTER_COMMIT
        :: else
#endif
        fi
#ifdef INTENT_AFTER_CALL
    :: kind == intent || kind == intent_void
#else
    :: kind == intent || kind == intent_void -> phase[o] = waiting
#endif
    :: kind == attempt_over -> hand[lane_of(o)] = FREE; conclude(o, not_placed)
    :: kind == outcome -> unrecorded[o] = true
    fi
}

/* R11: claim, take up what was stored although its caller was told otherwise, write what is not stored, go on. */
inline repair() {
    printf("repaired\n");
    latched = false;
    unwritable = false;
    for (i : 0 .. ORDERS - 1) {
        if
#ifndef NO_ADOPTION
        :: phase[i] == refused && j_accepted[i] -> phase[i] = waiting; attempt[i] = 1; lane[lane_of(i)]!i
#endif
        :: unrecorded[i] ->
            unrecorded[i] = false;
#ifndef OUTCOME_FORGOTTEN
            writes!outcome(i, result[i])
#endif
        :: else
        fi
    }
    i = 0
}

/* The event loop hears from the disk. */
proctype Journal() {
end:
    do
    :: d_step {
        answers?kind(o, value, fate) ->
            if
            :: fate == stored -> is_stored()
            :: fate == failed -> has_failed()
            /* It was stored by a write that seemed to fail: void, since nothing was sent. */
            :: fate == exists -> phase[o] = ending; writes!intent_void(o, value)
            fi
       }
    :: d_step { unwritable && empty(writes) && empty(answers) -> repair() }
    od
}

/* R12: the next process knows the journal and nothing else. */
inline restore(n) {
    result[n] = j_outcome[n];
    attempt[n] = 0;
    once_clean[n] = false;
    unrecorded[n] = false;
    if
    :: n >= next
    :: n < next && !j_accepted[n] -> phase[n] = refused
    :: j_accepted[n] && j_outcome[n] == none && j_attempt[n] == 0 ->
        phase[n] = waiting;
        attempt[n] = 1;
        lane[lane_of(n)]!n
    :: j_accepted[n] && j_outcome[n] == none && j_attempt[n] > 0 ->
#ifdef CRASH_MEANS_NOT_PLACED
        conclude(n, not_placed)
#else
        conclude(n, unknown)
#endif
    :: j_outcome[n] == unknown -> phase[n] = unresolved
    :: j_outcome[n] != none && j_outcome[n] != unknown -> phase[n] = ended
    fi
}

proctype Kill() {
end:
    do
    :: d_step {
        kills > 0 ->
            kills--;
            printf("killed, and started again\n");
            do
            :: nempty(writes) -> writes?kind(o, value)
            :: nempty(answers) && empty(writes) -> answers?kind(o, value, fate)
            :: empty(answers) && empty(writes) -> break
            od;
            for (i : 0 .. LANES - 1) {
                hand[i] = FREE;
                do
                :: nempty(lane[i]) -> lane[i]?o
                :: empty(lane[i]) -> break
                od
            }
            unwritable = false;
            latched = false;
            for (i : 0 .. ORDERS - 1) {
                restore(i)
            }
            i = 0
       }
    od
}

/* When nothing is left to happen. R13: every order ends, or is told to be unknown; none is forgotten. */
proctype Rest() {
    timeout
    d_step {
        must(NONE_LOST, next == ORDERS);
        for (i : 0 .. ORDERS - 1) {
            must(NONE_LOST, !acknowledged[i] || j_accepted[i]);
            must(NONE_LOST, !j_accepted[i] || j_outcome[i] != none);
            must(NONE_LOST, j_outcome[i] != unknown || blind);
            must(NONE_LOST, j_outcome[i] == result[i]);
            must(TRUE_ENDS, j_outcome[i] == unknown || ((j_outcome[i] == placed) == (request[i] == at_venue)))
        }
        i = 0
    }
}

init {
    byte n;
    atomic {
        if
        :: blind = true
        :: blind = false
        fi
        select (n : 0 .. KILLS)
        kills = n
        run Callers()
        run Disk()
        run Journal()
        for (n : 0 .. LANES - 1) { run Lane(n) }
        for (n : 0 .. ORDERS - 1) {
            run Resolver(n)
            run Venue(n)
#ifdef QUEUE_AFTER_COMMIT
            run Late_place(n)
#endif
        }
        run Kill()
        run Rest()
        n = 0
    }
}
