#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

/// Completion scripts for shells, made from the program's own description of itself.
namespace escrow::cli {

/// A command and what may follow it.
struct CompletionWords {
  /// `transactions list`; empty: the program itself.
  std::string path;
  std::vector<std::string> commands;
  std::vector<std::string> options;
};
[[nodiscard]] std::vector<CompletionWords> completion_words(const CLI::App& program);

/// `shell`: bash, zsh or fish.
[[nodiscard]] std::string completion_script(const std::string& shell, const std::vector<CompletionWords>& words);

}  // namespace escrow::cli
