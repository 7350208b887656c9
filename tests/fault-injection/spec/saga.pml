/* One driven saga of three steps, one after the other; one coordinator or two (-DZOMBIE) on one log. `goto restart` is a crash: what was in
   memory is gone, the log is not.
   Mutations, each to be refuted: NO_MARK NO_IDEMP LAZY_STEP SKIP_INFLIGHT UNORDERED_UNDO FORGETS_ABORT
   FORGETS_AFTER_CRASH (what a start finds aborting is not taken up)
   NO_CONDITION_ON_STEP changes nothing, and must be found to change nothing: the record of a step only ever goes one way. */
#include "words.pml"
#define STEPS 3

byte status = ACTIVE;                                          /* the log */
bit done[STEPS], undone[STEPS];
bit action_sent[STEPS], undo_sent[STEPS], action_ok[STEPS], action_refused[STEPS], undo_ok[STEPS];
bit action_row[STEPS], undo_row[STEPS];                        /* the participants' barrier */
byte acted[STEPS], compensated[STEPS];                         /* what the business did */
bit out_of_order = 0;

proctype Participant(byte s) {
  byte later;
  do
  :: atomic { DELIVERED(action_sent[s], action_ok[s] || action_refused[s] || action_row[s]) ->
#ifdef NO_IDEMP
       COUNT(acted[s]); action_ok[s] = 1; action_row[s] = 1
#else
       if
       :: !action_row[s] -> if :: action_row[s] = 1; COUNT(acted[s]); action_ok[s] = 1 :: action_refused[s] = 1 fi
       :: else -> if :: acted[s] > 0 -> action_ok[s] = 1 :: else -> action_refused[s] = 1 fi
       fi
#endif
     }
  :: atomic { DELIVERED(undo_sent[s], undo_ok[s]) ->
       if
       :: !undo_row[s] -> undo_row[s] = 1;
            if
            :: action_row[s] -> COUNT(compensated[s]); later = s + 1;
                 do :: later < STEPS -> if :: acted[later] > 0 && compensated[later] == 0 -> out_of_order = 1 :: else fi; later++
                    :: else -> break od;
                 later = 0
            :: else ->
#ifdef NO_MARK
                 skip
#else
                 action_row[s] = 1
#endif
            fi
       :: else
       fi;
       undo_ok[s] = 1 }
  od
}

proctype Coordinator() {
  byte s; byte first; byte read;
#ifdef LAZY_STEP
  byte known[STEPS];
#define DONE(x) known[x]
#else
#define DONE(x) done[x]
#endif
#ifdef FORGETS_AFTER_CRASH
  bit remembers = 1;
  goto begin;
#endif
restart:
#ifdef FORGETS_AFTER_CRASH
  remembers = 0;
begin:
#endif
#ifdef LAZY_STEP
  s = 0; do :: s < STEPS -> known[s] = done[s]; s++ :: else -> break od;
#endif
  do
  :: read = status;
     if
     :: read == ACTIVE -> first = 0;
          do :: first < STEPS && DONE(first) == 1 -> first++ :: else -> break od;
          if
          :: first == STEPS -> if :: atomic { MOVE(ACTIVE, COMMITTED) } :: status != ACTIVE fi
          :: first < STEPS -> action_sent[first] = 1;
               if
               :: action_ok[first] ->
#ifdef LAZY_STEP
                    known[first] = 1; if :: done[first] = 1 :: skip fi /* written later, or never */
#else
#ifdef NO_CONDITION_ON_STEP
                    done[first] = 1
#else
                    if :: atomic { status == ACTIVE -> done[first] = 1 } :: status != ACTIVE fi
#endif
#endif
               :: action_refused[first] -> if :: atomic { MOVE(ACTIVE, ABORTING) } :: status != ACTIVE fi
               :: if :: atomic { MOVE(ACTIVE, ABORTING) } :: status != ACTIVE fi /* the deadline: nobody knows how the step went */
               :: CRASH(restart)
               fi
          fi
#ifdef FORGETS_ABORT
     :: read == ABORTING -> break
#endif
#ifdef FORGETS_AFTER_CRASH
     :: read == ABORTING && !remembers -> break
#endif
     :: read == ABORTING -> first = 0;
          do :: first < STEPS && DONE(first) == 1 -> first++ :: else -> break od;
#ifdef SKIP_INFLIGHT
          s = first;
#else
          s = (first < STEPS -> first + 1 : STEPS);            /* the step after the last known one may be under way */
#endif
          do
          :: s > 0 -> s--;
               if
               :: undone[s] -> skip
               :: else -> undo_sent[s] = 1;
#ifndef UNORDERED_UNDO
                    if
                    :: undo_ok[s] -> undone[s] = 1
                    :: CRASH(restart)
                    fi
#endif
               fi
          :: s == 0 -> break
          od;
#ifdef UNORDERED_UNDO
          s = 0;
          do :: s < STEPS -> if :: undo_sent[s] -> if :: undo_ok[s] -> undone[s] = 1 :: CRASH(restart) fi :: else fi; s++
             :: else -> break od;
#endif
          if :: atomic { MOVE(ABORTING, ABORTED) } :: status != ABORTING fi
     :: else -> break
     fi
#ifdef LAZY_STEP
  :: goto restart
#endif
  od
}

init {
  atomic {
    run Participant(0); run Participant(1); run Participant(2); run Coordinator();
#ifdef ZOMBIE
    run Coordinator();
#endif
  }
}

#define TWICE(s) (acted[s] > 1 || compensated[s] > 1 || compensated[s] > acted[s])
#define HALF(s) (status == COMMITTED && (acted[s] != 1 || compensated[s] != 0))
#define LEFT(s) (status == ABORTED && acted[s] != compensated[s])
#ifdef LIVE
ltl ends { [] (calm -> <> ENDED) }
#else
ltl safe { [] !(TWICE(0) || TWICE(1) || TWICE(2) || HALF(0) || HALF(1) || HALF(2) || LEFT(0) || LEFT(1) || LEFT(2) || out_of_order) }
#endif
