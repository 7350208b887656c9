// The shop: it places orders across the order, inventory and payment services, every fourth one in another way (a saga, a TCC
// that the coordinator drives, a TCC by hand, an invoice paid with a two-phase message), and writes down what it was told.

#include <atomic>
#include <chrono>
#include <fstream>
#include <iostream>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include <escrow/client.hpp>
#include <escrow/http_caller.hpp>
#include <escrow/interactive_scope.hpp>
#include <escrow/saga.hpp>
#include <escrow/tcc.hpp>
#include <nlohmann/json.hpp>

#include "service.hpp"

using namespace std::chrono_literals;
using escrow::ClientResult;
using escrow::Errc;
using escrow::TransactionView;

namespace {

struct Purchase {
  int number;
  std::string gid;
  std::string customer;
  std::string sku;
  std::int64_t count;
  std::int64_t amount;

  /// One payload for all: each service reads what it needs.
  [[nodiscard]] std::string json() const {
    return nlohmann::json{{"number", number}, {"customer", customer}, {"sku", sku}, {"count", count}, {"amount", amount}}.dump();
  }
};

struct Services {
  std::string order;
  std::string inventory;
  std::string payment;
};

class Shop {
 public:
  Shop(const escrow::Client& client, Services services, const escrow::CallerTls& tls)
      : client_(client), at_(std::move(services)), caller_(tls) {}

  /// Steps one after another; when one is refused, those before it are undone.
  ClientResult<TransactionView> as_saga(const Purchase& purchase) const {
    const auto saga = escrow::Saga("place-order")
                          .gid(purchase.gid)
                          .step(escrow::Step("order")
                                    .action(at_.order + "/orders/create")
                                    .compensate(at_.order + "/orders/cancel")
                                    .payload(purchase.json()))
                          .step(escrow::Step("inventory")
                                    .action(at_.inventory + "/stock/deduct")
                                    .compensate(at_.inventory + "/stock/restore")
                                    .payload(purchase.json()))
                          .step(escrow::Step("payment")
                                    .action(at_.payment + "/payments/charge")
                                    .compensate(at_.payment + "/payments/refund")
                                    .payload(purchase.json()));
    return client_.run(saga);
  }

  /// Reserve everywhere at once, then settle everywhere; the coordinator makes all the calls.
  ClientResult<TransactionView> as_tcc(const Purchase& purchase) const {
    auto tcc = escrow::Tcc("place-order").gid(purchase.gid);
    for (const auto& branch : branches(purchase)) tcc.branch(branch);
    return client_.run(tcc);
  }

  /// The same by hand: the shop calls every `try` itself, and says commit. Leaving the scope without that aborts.
  ClientResult<TransactionView> by_hand(const Purchase& purchase) const {
    escrow::TccScope scope(client_, escrow::Tcc("place-order").gid(purchase.gid).timeout(30s));
    const auto tried = scope.try_branches(branches(purchase));
    if (!tried) return scope.abort(tried.error().detail(), 10s);
    return scope.commit(10s);
  }

  /// The payment service takes the money and sends the points, with a two-phase message of its own.
  ClientResult<TransactionView> as_message(const Purchase& purchase) {
    const auto body = nlohmann::json{{"gid", purchase.gid}, {"customer", purchase.customer}, {"amount", purchase.amount}}.dump();
    // Paying an invoice again is paying it once, so the shop repeats until it has an answer.
    for (int attempt = 0; attempt < 50; ++attempt) {
      const auto paid = caller_.call(escrow::OutgoingCall(at_.payment + "/invoices/pay").json(body).timeout(10s));
      if (paid && (paid->status() == 200 || paid->status() == 402)) return client_.wait(purchase.gid, 10s);
      std::this_thread::sleep_for(200ms);
    }
    return escrow::ClientError(Errc::unknown_outcome, "the payment service does not answer").gid(purchase.gid);
  }

  ClientResult<TransactionView> place(const Purchase& purchase) {
    switch (purchase.number % 4) {
      case 0: return as_saga(purchase);
      case 1: return as_tcc(purchase);
      case 2: return by_hand(purchase);
      default: return as_message(purchase);
    }
  }

 private:
  std::vector<escrow::TccBranch> branches(const Purchase& purchase) const {
    return {escrow::TccBranch("order")
                .try_(at_.order + "/orders/prepare")
                .confirm(at_.order + "/orders/place")
                .cancel(at_.order + "/orders/drop")
                .payload(purchase.json()),
            escrow::TccBranch("inventory")
                .try_(at_.inventory + "/stock/reserve")
                .confirm(at_.inventory + "/stock/ship")
                .cancel(at_.inventory + "/stock/release")
                .payload(purchase.json()),
            escrow::TccBranch("payment")
                .try_(at_.payment + "/payments/freeze")
                .confirm(at_.payment + "/payments/settle")
                .cancel(at_.payment + "/payments/unfreeze")
                .payload(purchase.json())};
  }

  const escrow::Client& client_;
  const Services at_;
  escrow::HttpCaller caller_;
};

/// "committed", "aborted", or "unknown". After an answer that never came the gid is looked up: the end is only a matter of time.
std::string told(const escrow::Client& client, const Purchase& purchase, const ClientResult<TransactionView>& placed) {
  if (placed && placed->will_commit()) return "committed";
  if (placed && placed->will_abort()) return "aborted";
  for (int attempt = 0; attempt < 12; ++attempt) {
    const auto now = client.wait(purchase.gid, 5s);
    if (now && now->will_commit()) return "committed";
    if (now && now->will_abort()) return "aborted";
    if (!now && now.error().code() == Errc::not_found) return "never started";
  }
  return "unknown";
}

std::vector<Purchase> shopping_list(int orders, int customers, int products, unsigned seed) {
  std::mt19937 random(seed);
  const auto pick = [&random](int from, int to) { return std::uniform_int_distribution<int>(from, to)(random); };
  std::vector<Purchase> list;
  for (int number = 0; number < orders; ++number) {
    const std::int64_t count = pick(1, 3);
    list.push_back({number, "order-" + std::to_string(number), "customer-" + std::to_string(pick(1, customers)),
                    "sku-" + std::to_string(pick(1, products)), count, count * pick(5, 20)});
  }
  return list;
}

}  // namespace

int main(int count, char** arguments) {
  const example::Flags flags(count, arguments);
  auto options = example::client_options(flags, "shop");
  escrow::CallerTls tls;
  if (const auto folder = flags.get("--secure", ""); !folder.empty()) {
    tls.ca_file(options.ca_file()).certificate(options.certificate_file(), options.key_file());
    // The shop calls `try` itself, and is no coordinator: it signs with a key of its own, whose public half the services hold.
    std::ifstream file(folder + "/shop.signing");
    std::string key;
    file >> key;
    options.sign_calls("*", key);
  }
  const escrow::Client client(options);
  Shop shop(client,
            {flags.get("--order", "http://127.0.0.1:7501"), flags.get("--inventory", "http://127.0.0.1:7502"),
             flags.get("--payment", "http://127.0.0.1:7503")},
            tls);
  const auto list = shopping_list(std::stoi(flags.get("--orders", "100")), std::stoi(flags.get("--customers", "10")),
                                  std::stoi(flags.get("--products", "8")), static_cast<unsigned>(std::stoul(flags.get("--seed", "1"))));
  std::ofstream book(flags.get("--told", "told.jsonl"));

  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::size_t done = 0;
  std::map<std::string, int> totals;
  const auto work = [&] {
    for (std::size_t i = next++; i < list.size(); i = next++) {
      const Purchase& purchase = list[i];
      const auto outcome = told(client, purchase, shop.place(purchase));
      auto line = nlohmann::json::parse(purchase.json());
      line["gid"] = purchase.gid;
      line["kind"] = purchase.number % 4 == 3 ? "invoice" : "order";
      line["told"] = outcome;
      const std::lock_guard lock(mutex);
      book << line.dump() << std::endl;
      ++totals[outcome];
      std::cout << ++done << "/" << list.size();
      for (const auto& [word, number] : totals) std::cout << "  " << number << " " << word;
      std::cout << std::endl;
    }
  };
  std::vector<std::jthread> clerks;
  for (int i = 0; i < 8; ++i) clerks.emplace_back(work);
  clerks.clear();
  return totals.contains("unknown") ? 1 : 0;
}
