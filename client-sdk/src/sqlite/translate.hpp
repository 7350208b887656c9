#pragma once

#include <escrow/error.hpp>
#include <escrow/sqlite/statement.hpp>

#include "protocol/result.hpp"

/// Where SQLite's exceptions become values.
namespace escrow::sqlite {

/// What `step` returns; a SqlError it throws becomes Errc::busy or Errc::database.
template <class T, class Step>
[[nodiscard]] Result<T> translated(Step&& step) {
  try {
    if constexpr (std::is_void_v<T>) {
      step();
      return {};
    } else {
      return step();
    }
  } catch (const SqlError& error) {
    return make_error(error.is_busy() ? Errc::busy : Errc::database, error.what());
  }
}

}  // namespace escrow::sqlite
