#include "cli/completion.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

namespace escrow::cli {
namespace {

void collect(const CLI::App& app, const std::string& path, std::vector<CompletionWords>& out) {
  CompletionWords words;
  words.path = path;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words.options.push_back("--" + name);
  }
  const auto children = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* child : children) words.commands.push_back(child->get_name());
  out.push_back(std::move(words));
  for (const CLI::App* child : children) collect(*child, path.empty() ? child->get_name() : path + " " + child->get_name(), out);
}

std::string joined(const std::vector<std::string>& commands, const std::vector<std::string>& options) {
  std::string out;
  for (const auto* list : {&commands, &options}) {
    for (const std::string& word : *list) out += (out.empty() ? "" : " ") + word;
  }
  return out;
}

/// The words that begin a known path make up the place; what follows it is offered.
std::string bash_script(const std::vector<CompletionWords>& words) {
  std::string out =
      "# bash completion for escrowctl\n_escrowctl() {\n  local place='' word\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n    case \"${place:+$place }$word\" in\n";
  for (const CompletionWords& one : words) {
    if (!one.path.empty()) out += fmt::format("      '{}') place='{}' ;;\n", one.path, one.path);
  }
  out += "    esac\n  done\n  local offered=''\n  case \"$place\" in\n";
  for (const CompletionWords& one : words) out += fmt::format("    '{}') offered='{}' ;;\n", one.path, joined(one.commands, one.options));
  out +=
      "  esac\n  COMPREPLY=($(compgen -W \"$offered\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\ncomplete -o default -F _escrowctl escrowctl\n";
  return out;
}

std::string zsh_script(const std::vector<CompletionWords>& words) {
  std::string out =
      "#compdef escrowctl\n_escrowctl() {\n  local place='' word\n  for word in ${words[2,CURRENT-1]}; do\n    case \"${place:+$place "
      "}$word\" in\n";
  for (const CompletionWords& one : words) {
    if (!one.path.empty()) out += fmt::format("      '{}') place='{}' ;;\n", one.path, one.path);
  }
  out += "    esac\n  done\n  case \"$place\" in\n";
  for (const CompletionWords& one : words) out += fmt::format("    '{}') compadd -- {} ;;\n", one.path, joined(one.commands, one.options));
  out += "  esac\n}\nif [[ $funcstack[1] == _escrowctl ]]; then _escrowctl \"$@\"; else compdef _escrowctl escrowctl; fi\n";
  return out;
}

std::string fish_script(const std::vector<CompletionWords>& words) {
  std::string out =
      "# fish completion for escrowctl\nfunction __escrowctl_place\n  set -l place ''\n  for word in (commandline -opc)[2..-1]\n"
      "    switch (string trim -- \"$place $word\")\n";
  for (const CompletionWords& one : words) {
    if (!one.path.empty()) out += fmt::format("      case '{}'\n        set place '{}'\n", one.path, one.path);
  }
  out += "    end\n  end\n  test \"$place\" = \"$argv[1]\"\nend\n";
  for (const CompletionWords& one : words) {
    for (const std::string& command : one.commands)
      out += fmt::format("complete -c escrowctl -f -n '__escrowctl_place \"{}\"' -a {}\n", one.path, command);
    for (const std::string& option : one.options)
      out += fmt::format("complete -c escrowctl -n '__escrowctl_place \"{}\"' -l {}\n", one.path, option.substr(2));
  }
  return out;
}

}  // namespace

std::vector<CompletionWords> completion_words(const CLI::App& program) {
  std::vector<CompletionWords> out;
  collect(program, "", out);
  return out;
}

std::string completion_script(const std::string& shell, const std::vector<CompletionWords>& words) {
  if (shell == "fish") return fish_script(words);
  return shell == "zsh" ? zsh_script(words) : bash_script(words);
}

}  // namespace escrow::cli
