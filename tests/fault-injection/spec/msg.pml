/* A two-phase message: an initiator whose local transaction and whose word to the coordinator can both be cut off anywhere, the check that
   the coordinator asks when it hears nothing, and one participant that the message is for. One coordinator or two (-DZOMBIE).
   The row of the local transaction and the row of the check are one key: whoever inserts first bars the other; while the local transaction
   holds it uncommitted, the check answers that it does not know yet.
   Mutations, each to be refuted: NO_CHECK_MARK SILENCE_IS_NO SEES_UNCOMMITTED BUSY_IS_NO EARLY_SEND NO_IDEMP ASKS_ONCE
   NO_CONDITION changes nothing of what is delivered, and must be found to change nothing: the row decides before the log does.
   -DLIVE: whatever the initiator does, the transaction ends once the faults have stopped (weak fairness). */
#include "words.pml"
#define NO_ROW 0
#define HELD 1
#define KEPT 2
#define BARRED 3

byte status = ACTIVE;                                          /* the log */
byte row = NO_ROW;                                             /* the initiator's database */
bit local_committed = 0;
bit said_commit = 0, said_abort = 0;                           /* requests of the initiator */
bit check_sent = 0, check_yes = 0, check_no = 0, check_asked = 0;
bit message_sent = 0, message_ok = 0, message_row = 0;
byte delivered = 0;

proctype Initiator() {
  if
  :: atomic { row == NO_ROW -> row = HELD };
       if
       :: atomic { row = KEPT; local_committed = 1 };
            if :: said_commit = 1 :: skip fi                   /* it may die before it says so */
       :: atomic { row = NO_ROW };                             /* the business says no, or the process dies */
            if :: said_abort = 1 :: skip fi
       fi
  :: row == BARRED -> if :: said_abort = 1 :: skip fi          /* the check was there first */
  :: skip                                                      /* it dies before it begins */
  fi
}

/* The service of the initiator answers the check from its database. */
proctype Check() {
  do
  :: atomic { check_sent ->
       if
       :: row == KEPT -> check_yes = 1
       :: row == BARRED -> check_no = 1
       :: row == NO_ROW ->
#ifndef NO_CHECK_MARK
            row = BARRED;
#endif
            check_no = 1
       :: row == HELD ->
#ifdef SEES_UNCOMMITTED
            check_yes = 1
#else
#ifdef BUSY_IS_NO
            check_no = 1
#else
            skip
#endif
#endif
       fi }
  od
}

proctype Participant() {
  do
  :: atomic { message_sent ->
       if
       :: !message_row -> message_row = 1; COUNT(delivered)
       :: else ->
#ifdef NO_IDEMP
            COUNT(delivered)
#else
            skip
#endif
       fi;
       message_ok = 1 }
  od
}

proctype Coordinator() {
  byte read;
  do
  :: read = status;
     if
     :: read == ACTIVE ->
#ifdef EARLY_SEND
          message_sent = 1;
#endif
          if
          :: said_commit ->
#ifdef NO_CONDITION
               FORCE(COMMITTING)
#else
               if :: atomic { MOVE(ACTIVE, COMMITTING) } :: status != ACTIVE fi
#endif
          :: said_abort ->
#ifdef NO_CONDITION
               FORCE(ABORTING)
#else
               if :: atomic { MOVE(ACTIVE, ABORTING) } :: status != ACTIVE fi
#endif
#ifdef SILENCE_IS_NO
          :: atomic { MOVE(ACTIVE, ABORTING) }
#endif
#ifdef ASKS_ONCE
          :: !check_asked -> check_asked = 1; check_sent = 1; if :: check_yes || check_no :: skip fi; check_sent = 0
#else
          :: !check_yes && !check_no -> check_sent = 1
#endif
          :: check_yes -> if :: atomic { MOVE(ACTIVE, COMMITTING) } :: status != ACTIVE fi
          :: check_no ->
#ifdef NO_CONDITION
               FORCE(ABORTING)
#else
               if :: atomic { MOVE(ACTIVE, ABORTING) } :: status != ACTIVE fi
#endif
          fi
     :: read == COMMITTING -> message_sent = 1;
          if
          :: atomic { message_ok && MOVE(COMMITTING, COMMITTED) }
          :: FAULT
          fi
     :: read == ABORTING -> if :: atomic { MOVE(ABORTING, ABORTED) } :: status != ABORTING fi
     :: else -> break
     fi
  od
}

init {
  atomic {
    run Initiator(); run Check(); run Participant(); run Coordinator();
#ifdef ZOMBIE
    run Coordinator();
#endif
  }
}

#define TWICE (delivered > 1)
#define WITHOUT (delivered > 0 && !local_committed)
#define UNHEARD (local_committed && (status == ABORTING || status == ABORTED))
#define UNDELIVERED (status == COMMITTED && delivered == 0)
#define INVENTED ((status == COMMITTING || status == COMMITTED) && !local_committed)
#ifdef LIVE
ltl ends { [] (calm -> <> ENDED) }
#else
ltl safe { [] !(TWICE || WITHOUT || UNHEARD || UNDELIVERED || INVENTED) }
#endif
