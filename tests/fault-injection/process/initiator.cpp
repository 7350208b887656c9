#include "tests/fault-injection/process/initiator.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace escrow::processes {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using protocol::Status;
using testing::HttpMessage;

using Clock = std::chrono::steady_clock;

struct Said {
  std::optional<protocol::ProblemCode> problem;
  std::optional<Status> status;
};

/// Nothing: it is no whole answer of the coordinator.
std::optional<Said> read(const HttpMessage& answer) {
  const json body = json::parse(answer.body, nullptr, false);
  if (body.is_discarded() || !body.is_object()) return std::nullopt;
  Said said;
  if (answer.status >= 400) {
    said.problem = protocol::from_string<protocol::ProblemCode>(body.value("code", ""));
    if (!said.problem) return std::nullopt;
  } else {
    said.status = protocol::from_string<Status>(body.value("status", ""));
    if (!said.status) return std::nullopt;
  }
  return said;
}

/// A server's one answer, from whichever life of it there is; nothing when it died over it. `port`: where it is called, unless it is 0.
std::optional<HttpMessage> send_once(KeptProcess& server, const std::string& method, const std::string& target, const std::string& body,
                                     const std::vector<std::pair<std::string, std::string>>& headers = {}, std::uint16_t port = 0) {
  const KeptProcess::Life life = server.life();
  try {
    HttpMessage answer = testing::send_http(port == 0 ? life.port : port, method, target, body, headers);
    const auto length = answer.header("Content-Length");
    const bool is_whole = answer.status != 0 && length && answer.body.size() == std::stoul(*length);
    if (is_whole) return answer;
  } catch (const std::runtime_error&) {
    // Nobody listens: that life is over, or about to be.
    server.wait_for_end(life.number, 1s);
  }
  return std::nullopt;
}

}  // namespace

struct Initiator::Question {
  int transaction;
  sim::Ask what;
  std::string method;
  std::string target;
  std::string body = {};
  sim::BranchSet branches = {};
  Clock::time_point until;
  protocol::OperationName operation = protocol::OperationName::check;
};

HttpMessage Initiator::ask(const Question& question) const {
  while (Clock::now() < question.until) {
    const auto token = world_.witness.ask(question.transaction, question.what, question.branches, question.operation);
    const auto answer = send_once(world_.coordinator, question.method, question.target, question.body);
    if (!answer) continue;
    const auto said = read(*answer);
    if (!said && world_.is_behind_proxy) {
      // What stands in between may say so at once, and often.
      world_.coordinator.wait_for_end(world_.coordinator.life().number, 10ms);
      continue;
    }
    if (!said) throw std::runtime_error("an answer that is none: " + std::to_string(answer->status) + " " + answer->body);
    world_.witness.tell(token, question.transaction, question.what, said->problem, answer->status == 201, said->status);
    if (answer->status < 500) return *answer;
    if (answer->status == 503 && !answer->header("Retry-After")) throw std::runtime_error("a 503 without Retry-After: " + answer->body);
    // Refused for now: wait for something to change, for a moment.
    world_.coordinator.wait_for_end(world_.coordinator.life().number, 20ms);
  }
  throw std::runtime_error("no answer in time to " + question.method + " " + question.target);
}

int Initiator::try_branch(const Plan& plan, std::size_t index) const {
  const Plan::Branch& branch = plan.branches[index];
  const std::string gid = "t" + std::to_string(plan.transaction);
  const std::string id = "b" + std::to_string(index);
  KeptProcess& service = *world_.services.at(static_cast<std::size_t>(branch.service));
  constexpr int most = 1'000;
  for (int attempt = 1; attempt <= most; ++attempt) {
    const auto answer = send_once(service, "POST", "/" + plan.forward, branch.payload,
                                  {{"Escrow-Gid", gid},
                                   {"Escrow-Branch", id},
                                   {"Escrow-Operation", plan.forward},
                                   {"Escrow-Phase", "forward"},
                                   {"Escrow-Attempt", std::to_string(attempt)},
                                   {"Idempotency-Key", gid + "/" + id + "/" + plan.forward}},
                                  branch.port);
    // A page of somebody in between is no answer.
    const bool is_page = answer && answer->header("Content-Type").value_or("").starts_with("text/html");
    if (answer && !is_page && (answer->status == 200 || answer->status == 409)) return answer->status;
    // What stands in between may refuse at once, and often.
    if (answer || branch.port != 0) service.wait_for_end(service.life().number, 10ms);
  }
  throw std::runtime_error("a try of " + gid + " never came to an end");
}

void Initiator::commit_locally(const Plan& plan) const {
  const std::string gid = "t" + std::to_string(plan.transaction);
  KeptProcess& service = *world_.services.at(0);
  constexpr int most = 1'000;
  for (int attempt = 1; attempt <= most; ++attempt) {
    const auto answer = send_once(service, "POST", "/initiate", gid, {{"Content-Type", "text/plain"}});
    // 409: a check came first, so there is nothing to commit.
    if (answer && (answer->status == 200 || answer->status == 409)) return;
    if (answer) service.wait_for_end(service.life().number, 10ms);
  }
  throw std::runtime_error("the local transaction of " + gid + " never came to an end");
}

void Initiator::drive(const Plan& plan, Clock::time_point until) const {
  const std::string gid = "t" + std::to_string(plan.transaction);
  const std::string target = "/v1/transactions/" + gid;
  ask({plan.transaction, sim::Ask::start, "POST", "/v1/transactions", plan.start, {}, until});
  switch (plan.driving) {
    case Driving::looks_on:
    case Driving::silent_message: break;
    case Driving::commits_message: ask({plan.transaction, sim::Ask::commit, "POST", target + "/commit", "", {}, until}); break;
    case Driving::tries: {
      bool is_fine = true;
      for (std::size_t i = 0; is_fine && i < plan.branches.size(); ++i) {
        const auto registered = ask({plan.transaction,
                                     sim::Ask::register_branches,
                                     "POST",
                                     target + "/branches",
                                     plan.branches[i].registration,
                                     {static_cast<int>(i)},
                                     until});
        // Decided by its deadline meanwhile: then `try` must not be called.
        if (registered.status >= 400) return;
        if (plan.word == Plan::Word::none && !plan.is_last_tried && i + 1 == plan.branches.size()) return;
        is_fine = try_branch(plan, i) == 200;
      }
      if (plan.word == Plan::Word::none) return;
      is_fine = is_fine && plan.word == Plan::Word::as_tried;
      ask({plan.transaction,
           is_fine ? sim::Ask::commit : sim::Ask::abort,
           "POST",
           target + (is_fine ? "/commit" : "/abort"),
           "",
           {},
           until});
      break;
    }
  }
}

void Initiator::settle_what_stands(const Plan& plan, const std::string& seen, Clock::time_point until) const {
  const json body = json::parse(seen);
  for (const json& raised : body.value("attention", json::array())) {
    if (raised["branch"].is_null()) continue;
    const auto id = raised["branch"].get<std::string>();
    const auto word = raised["operation"].get<std::string>();
    const auto branch = std::ranges::find(body["branches"], id, [](const json& one) { return one["id"].get<std::string>(); });
    // Whatever is still called ends by itself.
    if (branch == body["branches"].end() || (*branch)["operations"][word]["state"] != "failed") continue;
    Question question{plan.transaction,
                      sim::Ask::resolve,
                      "POST",
                      "/v1/transactions/t" + std::to_string(plan.transaction) + "/branches/" + id + "/resolve",
                      json{{"operation", word}, {"outcome", "refused"}, {"reason", "settled by hand"}}.dump(),
                      {sim::ordinal_of(id)},
                      until};
    question.operation = *protocol::from_string<protocol::OperationName>(word);
    ask(question);
  }
}

void Initiator::run(const Plan& plan, std::chrono::seconds patience) const {
  const auto until = Clock::now() + patience;
  const std::string target = "/v1/transactions/t" + std::to_string(plan.transaction);
  const bool is_message = plan.driving == Driving::commits_message || plan.driving == Driving::silent_message;
  if (is_message) {
    // All deliveries are durable before the local transaction; a check that comes before it bars it.
    ask({plan.transaction, sim::Ask::start, "POST", "/v1/transactions", plan.start, {}, until});
    commit_locally(plan);
  }
  drive(plan, until);
  while (true) {
    const auto seen = ask({plan.transaction, sim::Ask::look, "GET", target + "?wait_ms=1000", "", {}, until});
    const auto said = read(seen);
    if (said && said->status && protocol::is_terminal(*said->status)) return;
    if (said && said->problem) throw std::runtime_error("t" + std::to_string(plan.transaction) + ": " + seen.body);
    settle_what_stands(plan, seen.body, until);
  }
}

void run_all(const Initiator& initiator, const std::vector<Plan>& plans) {
  std::mutex mutex;
  std::exception_ptr failure;
  std::vector<std::thread> threads;
  threads.reserve(plans.size());
  for (const Plan& plan : plans) {
    threads.emplace_back([&initiator, &plan, &mutex, &failure] {
      try {
        initiator.run(plan);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace escrow::processes
