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

/* Without any fault (-DLIVE) what has been answered does not come again, and no coordinator turns back half-way: the claim is that every
   transaction ends then, under weak fairness. Nothing is said of the states that only a crash leaves behind. */
#ifdef LIVE
#define DELIVERED(message, answered) (message && !(answered))
#else
#define DELIVERED(message, answered) (message)
#endif

/* Counts up to two: twice is as wrong as more often. */
#define COUNT(x) if :: x < 2 -> x++ :: else fi
