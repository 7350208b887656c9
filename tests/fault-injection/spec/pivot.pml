/* A driven saga with a point of no return: a step before it that can be undone, the pivot that cannot, a step behind it that is called until
   it succeeds. That the pivot's turn has come is in the log before its first call. One coordinator or two (-DZOMBIE); `goto restart` is a
   crash. The step behind the pivot may say no, as often as it likes, until it says yes.
   Mutations, each to be refuted: ABORT_PAST_PIVOT UNWRITTEN_TURN UNKNOWN_IS_REFUSAL EARLY_STEP GIVE_UP NO_CONDITION NO_MARK NO_IDEMP
   STATUS_ONLY (with two coordinators) STOPS_BEHIND */
#include "words.pml"
#define FIRST 0
#define PIVOT 1
#define LAST 2
#define STEPS 3
#ifdef LIVE
#define FAULTY !calm
#else
#define FAULTY true
#endif

byte status = ACTIVE;                                          /* the log */
bit done[STEPS];
bit turn_has_come = 0;
bit sent[STEPS], ok[STEPS], refused[STEPS], row[STEPS];
byte acted[STEPS];
bit undo_sent = 0, undo_ok = 0, undo_row = 0;                  /* of the first step; the pivot has none */
byte compensated = 0;

proctype Participant(byte s) {
  do
  :: atomic { DELIVERED(sent[s], ok[s] || (refused[s] && s != LAST)) ->
       if
       :: !row[s] ->
            if
            :: row[s] = 1; COUNT(acted[s]); ok[s] = 1
            :: s == LAST && FAULTY                             /* not yet; nothing is kept of a no behind the pivot */
            :: s == LAST && FAULTY -> refused[s] = 1
            :: s != LAST -> row[s] = 1; refused[s] = 1         /* for good: each repeat is told the same */
            fi
       :: else ->
#ifdef NO_IDEMP
            COUNT(acted[s])
#else
            if :: acted[s] > 0 -> ok[s] = 1 :: else -> refused[s] = 1 fi
#endif
       fi }
  :: atomic { s == FIRST && DELIVERED(undo_sent, undo_ok) ->
       if
       :: !undo_row -> undo_row = 1;
            if
            :: acted[FIRST] > 0 -> COUNT(compensated)
            :: else ->
#ifdef NO_MARK
                 skip
#else
                 row[FIRST] = 1
#endif
            fi
       :: else
       fi;
       undo_ok = 1 }
  od
}

proctype Coordinator() {
  byte read;
restart:
  do
  :: read = status;
     if
     :: read == ACTIVE && !done[FIRST] -> sent[FIRST] = 1;
          if
          :: ok[FIRST] -> if :: atomic { status == ACTIVE -> done[FIRST] = 1 } :: status != ACTIVE fi
          :: refused[FIRST] -> if :: atomic { MOVE(ACTIVE, ABORTING) } :: status != ACTIVE fi
#ifdef STATUS_ONLY
          :: if :: atomic { MOVE(ACTIVE, ABORTING) } :: status != ACTIVE fi
#else
          :: if                                                /* the deadline; the write rests on the revision, not on the status alone */
             :: atomic { !turn_has_come && MOVE(ACTIVE, ABORTING) }
             :: status != ACTIVE || turn_has_come
             fi
#endif
          :: CRASH(restart)
          fi
     :: read == ACTIVE && done[FIRST] && !turn_has_come ->
#ifdef UNWRITTEN_TURN
          sent[PIVOT] = 1;
          if
          :: ok[PIVOT] -> turn_has_come = 1
          :: refused[PIVOT] -> if :: atomic { MOVE(ACTIVE, ABORTING) } :: status != ACTIVE fi
          :: if :: atomic { MOVE(ACTIVE, ABORTING) } :: status != ACTIVE fi
          :: CRASH(restart)
          fi
#else
          if
          :: atomic { status == ACTIVE -> turn_has_come = 1 }
          :: status != ACTIVE
          :: if                                                /* the deadline still has power here */
             :: atomic { !turn_has_come && MOVE(ACTIVE, ABORTING) }
             :: status != ACTIVE || turn_has_come
             fi
          :: CRASH(restart)
          fi
#endif
     :: read == ACTIVE && done[FIRST] && turn_has_come -> sent[PIVOT] = 1;
#ifdef EARLY_STEP
          sent[LAST] = 1;
#endif
          if
#ifdef NO_CONDITION
          :: ok[PIVOT] -> FORCE(COMMITTING)
#else
          :: ok[PIVOT] -> if :: atomic { MOVE(ACTIVE, COMMITTING) } :: status != ACTIVE fi
#endif
          :: refused[PIVOT] -> if :: atomic { MOVE(ACTIVE, ABORTING) } :: status != ACTIVE fi
#ifdef ABORT_PAST_PIVOT
          :: if :: atomic { MOVE(ACTIVE, ABORTING) } :: status != ACTIVE fi
#endif
#ifdef UNKNOWN_IS_REFUSAL
          :: !ok[PIVOT] -> if :: atomic { MOVE(ACTIVE, ABORTING) } :: status != ACTIVE fi
#endif
          :: CRASH(restart)
          fi
#ifdef STOPS_BEHIND
     :: read == COMMITTING -> break
#endif
     :: read == COMMITTING -> sent[LAST] = 1;
          if
          :: atomic { ok[LAST] && MOVE(COMMITTING, COMMITTED) }
#ifdef LIVE
          :: status != COMMITTING
#endif
#ifdef GIVE_UP
          :: refused[LAST] -> FORCE(ABORTING)
#endif
          :: CRASH(restart)
          fi
     :: read == ABORTING -> undo_sent = 1;
          if
          :: atomic { undo_ok && MOVE(ABORTING, ABORTED) }
#ifdef LIVE
          :: status != ABORTING
#endif
          :: CRASH(restart)
          fi
     :: else -> break
     fi
  od
}

#ifdef NO_CONDITION
/* An operator whose abort rests on what he read. */
proctype Operator() { if :: status == ACTIVE && !turn_has_come -> FORCE(ABORTING) :: skip fi }
#else
proctype Operator() { if :: atomic { !turn_has_come && MOVE(ACTIVE, ABORTING) } :: skip fi }
#endif

init {
  atomic {
    run Participant(FIRST); run Participant(PIVOT); run Participant(LAST); run Operator(); run Coordinator();
#ifdef ZOMBIE
    run Coordinator();
#endif
  }
}

#define TWICE(s) (acted[s] > 1)
#define HALF (status == COMMITTED && (acted[FIRST] != 1 || acted[PIVOT] != 1 || acted[LAST] != 1))
#define BACKWARD (acted[PIVOT] > 0 && (status == ABORTING || status == ABORTED || compensated > 0))
#define AHEAD (acted[LAST] > 0 && acted[PIVOT] == 0)
#define LEFT (status == ABORTED && acted[FIRST] != compensated)
#ifdef LIVE
ltl ends { [] (calm -> <> ENDED) }
#else
ltl safe { [] !(TWICE(FIRST) || TWICE(PIVOT) || TWICE(LAST) || compensated > 1 || HALF || BACKWARD || AHEAD || LEFT) }
#endif
