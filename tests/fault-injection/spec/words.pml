/* What all models share: the statuses of a transaction, and the two ways in which the log changes one.
   A message, once sent, stays: it may be delivered any number of times and at any later moment, which covers delay, reordering and
   repetition; never delivering it covers loss. */
#define ACTIVE 0
#define COMMITTING 1
#define ABORTING 2
#define COMMITTED 3
#define ABORTED 4

/* The write rests on the status that was read: one step, and only from there. The run script compares each pair with transitions.txt. */
#define MOVE(from, to) status == from -> status = to
/* The write rests on nothing. Only mutations do this. */
#define FORCE(to) status = to

/* With -DLIVE the faults stop at some moment, any one, and the claim is that every transaction that has not ended by then ends behind it,
   under weak fairness. Until then all is as without: coordinators turn back anywhere, and messages come as often as they like. From then on
   what has been answered does not come again, and nobody turns back. */
#ifdef LIVE
bit calm = 0;
active proctype Weather() { calm = 1 }
#define FAULT !calm
#define CRASH(where) !calm -> goto where
#define DELIVERED(message, answered) (message && (!calm || !(answered)))
#define ENDED (status == COMMITTED || status == ABORTED)
#else
#define FAULT skip
#define CRASH(where) goto where
#define DELIVERED(message, answered) (message)
#endif

/* Counts up to two: twice is as wrong as more often. */
#define COUNT(x) if :: x < 2 -> x++ :: else fi
