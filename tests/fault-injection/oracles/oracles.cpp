#include "tests/fault-injection/oracles/oracles.hpp"

#include <array>

namespace escrow::oracles {
namespace {

constexpr std::array known{
    Oracle{"S1", s1_atomicity},
    Oracle{"S2", s2_no_mixed_decision},
    Oracle{"S3", s3_exactly_once},
    Oracle{"S4", s4_no_second_phase_without_first},
    Oracle{"S5", s5_null_compensation},
    Oracle{"S6", s6_no_hanging},
    Oracle{"S7", s7_reverse_order},
    Oracle{"S8", s8_conservation},
    Oracle{"S9", s9_acknowledged_is_kept},
    Oracle{"S10", s10_log_before_act},
    Oracle{"S11", s11_monotone},
    Oracle{"S12", s12_fencing},
    Oracle{"S13", s13_no_call_after_the_end},
    Oracle{"S14", s14_identity},
    Oracle{"S15", s15_only_the_declared},
    Oracle{"S16", s16_linearizable},
    Oracle{"S17", s17_honest_refusal},
    Oracle{"S18", s18_integrity},
    Oracle{"S21", s21_abort_has_its_cause},
    Oracle{"L1", l1_everything_ends},
    Oracle{"L2", l2_attention},
    Oracle{"L3", l3_everybody_is_answered},
    Oracle{"L4", l4_bounded_retries},
    Oracle{"L5", l5_no_starvation},
    Oracle{"L6", l6_rest},
    Oracle{"L8", l8_justified},
    Oracle{"T1", t1_conforms},
};

}  // namespace

std::span<const Oracle> all() { return known; }

Violations judge(const Evidence& evidence) {
  Violations violations;
  for (const Oracle& oracle : known) oracle.judge(evidence, violations);
  return violations;
}

}  // namespace escrow::oracles
