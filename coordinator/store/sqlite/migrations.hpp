#pragma once

#include <span>

/// The schema of the log, as forward-only steps that are embedded in the binary (sqlite/schema/NNNN_name.sql).
namespace escrow::store::sqlite {

struct Migration {
  int version;
  const char* sql;
};

/// Numbered from 1 without gaps.
[[nodiscard]] std::span<const Migration> migrations();

}  // namespace escrow::store::sqlite
