/* One TCC transaction: two branches, an initiator that registers and tries, one coordinator or two (-DZOMBIE) on one log.
   A coordinator remembers nothing from one round to the next: each round is a crash and a new start, too.
   Mutations, each to be refuted: NO_MARK NO_IDEMP NO_CONDITION EARLY_SEND TRY_UNREGISTERED LATE_REGISTRATION NO_DEADLINE
   FORGETS_LAST */
#include "words.pml"
#define BRANCHES 2

byte status = ACTIVE;                                          /* the log */
bit registered[BRANCHES];
bit try_sent[BRANCHES], confirm_sent[BRANCHES], cancel_sent[BRANCHES];
bit try_ok[BRANCHES], confirm_ok[BRANCHES], cancel_ok[BRANCHES];
bit try_row[BRANCHES], confirm_row[BRANCHES], cancel_row[BRANCHES]; /* the participants' barrier */
byte tried[BRANCHES], confirmed[BRANCHES], cancelled[BRANCHES];     /* what the business did */
bit told_commit = 0;

proctype Participant(byte b) {
  do
  :: atomic { DELIVERED(try_sent[b], try_ok[b] || try_row[b]) ->
#ifdef NO_IDEMP
       try_row[b] = 1; COUNT(tried[b]); try_ok[b] = 1
#else
       if
       :: !try_row[b] -> try_row[b] = 1; COUNT(tried[b]); try_ok[b] = 1
       :: else -> if :: tried[b] > 0 -> try_ok[b] = 1 :: else fi  /* the cancel came first: refused */
       fi
#endif
     }
  :: atomic { DELIVERED(confirm_sent[b], confirm_ok[b]) ->
       if
       :: !confirm_row[b] -> confirm_row[b] = 1; COUNT(confirmed[b])
       :: else ->
#ifdef NO_IDEMP
            COUNT(confirmed[b])
#else
            skip
#endif
       fi;
       confirm_ok[b] = 1 }
  :: atomic { DELIVERED(cancel_sent[b], cancel_ok[b]) ->
       if
       :: !cancel_row[b] -> cancel_row[b] = 1;
            if
            :: try_row[b] -> COUNT(cancelled[b])
            :: else ->
#ifdef NO_MARK
                 skip
#else
                 try_row[b] = 1                                /* nothing to cancel: the mark bars a try that comes late */
#endif
            fi
       :: else
       fi;
       cancel_ok[b] = 1 }
  od
}

proctype Initiator() {
  byte b = 0;
  do
  :: b < BRANCHES ->
#ifdef TRY_UNREGISTERED
       try_sent[b] = 1;
#endif
#ifdef LATE_REGISTRATION
       if :: status == ACTIVE -> registered[b] = 1 :: status != ACTIVE -> goto gone :: goto gone fi; /* looks, then writes */
#else
       if :: atomic { status == ACTIVE -> registered[b] = 1 } :: status != ACTIVE -> goto gone :: goto gone fi;
#endif
       try_sent[b] = 1;
       if :: try_ok[b] -> b++ :: goto abort :: goto gone fi
  :: b == BRANCHES -> break
  od;
#ifdef NO_CONDITION
  if :: status == ACTIVE -> FORCE(COMMITTING); told_commit = 1 :: else fi;
#else
  if :: atomic { MOVE(ACTIVE, COMMITTING); told_commit = 1 } :: status != ACTIVE :: skip fi;
#endif
  goto gone;
abort:
  if :: atomic { MOVE(ACTIVE, ABORTING) } :: status != ACTIVE :: skip fi;
gone:
  skip
}

#ifdef LIVE
#define STOP :: CRASH(again)                                   /* a crash between two calls */
#else
#define STOP :: break
#endif

proctype Coordinator() {
  byte b; byte read;
again:
  do
  :: read = status;
     if
     :: read == ACTIVE ->                                      /* the deadline */
#ifdef EARLY_SEND
          cancel_sent[0] = 1;
#endif
#ifdef NO_CONDITION
          FORCE(ABORTING)
#else
#ifdef LIVE
#ifdef NO_DEADLINE
          status != ACTIVE
#else
          if :: atomic { MOVE(ACTIVE, ABORTING) } :: status != ACTIVE :: FAULT fi
#endif
#else
          if :: atomic { MOVE(ACTIVE, ABORTING) } :: FAULT fi
#endif
#endif
     :: read == COMMITTING -> b = 0;
#ifdef FORGETS_LAST
          confirm_sent[0] = 1; b = BRANCHES;
#endif
          do :: b < BRANCHES -> if :: registered[b] -> confirm_sent[b] = 1 :: else fi; b++ :: b >= BRANCHES -> break STOP od;
          if
          :: atomic { (!registered[0] || confirm_ok[0]) && (!registered[1] || confirm_ok[1]) && MOVE(COMMITTING, COMMITTED) }
#ifdef LIVE
          :: status != COMMITTING
#endif
          :: FAULT
          fi
     :: read == ABORTING -> b = BRANCHES;
          do :: b > 0 -> b--; if :: registered[b] -> cancel_sent[b] = 1 :: else fi :: b == 0 -> break STOP od;
          if
          :: atomic { (!registered[0] || cancel_ok[0]) && (!registered[1] || cancel_ok[1]) && MOVE(ABORTING, ABORTED) }
#ifdef LIVE
          :: status != ABORTING
#endif
          :: FAULT
          fi
     :: else -> break
     fi
  od
}

init {
  atomic {
    run Participant(0); run Participant(1); run Initiator(); run Coordinator();
#ifdef ZOMBIE
    run Coordinator();
#endif
  }
}

#define TWICE(b) (tried[b] > 1 || confirmed[b] > 1 || cancelled[b] > 1)
#define BOTH(b) (confirmed[b] > 0 && cancelled[b] > 0)
#define UNTRIED(b) (confirmed[b] > 0 && tried[b] == 0)
#define LEFT(b) (status == ABORTED && tried[b] > 0 && cancelled[b] == 0)
#define MIXED ((confirmed[0] > 0 && cancelled[1] > 0) || (confirmed[1] > 0 && cancelled[0] > 0))
#define LIED (told_commit && (status == ABORTING || status == ABORTED))
#ifdef LIVE
ltl ends { [] (calm -> <> ENDED) }
#else
ltl safe { [] !(TWICE(0) || TWICE(1) || BOTH(0) || BOTH(1) || UNTRIED(0) || UNTRIED(1) || LEFT(0) || LEFT(1) || MIXED || LIED) }
#endif
