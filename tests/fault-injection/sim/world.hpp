#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "tests/fault-injection/sim/client.hpp"

/// One simulated run from its seed to its history: a storm of faults, calm, and quiet.
namespace escrow::sim {

struct RunOptions {
  std::uint64_t seed = 0;
  Bug bug = Bug::none;
  /// Null: what goes wrong is drawn from the seed.
  const Script* script = nullptr;
  /// Null: what takes part is drawn from the seed.
  const std::vector<Shape>* shapes = nullptr;
  /// Of the seed's own transactions only these take part (a bit each), with at most so many branches.
  std::uint32_t taking_part = ~0U;
  int most_branches = 1000;
  /// Settings as they are by default, and enough of everything on the accounts.
  bool is_ordinary = false;
  /// The product's own rows lie behind the log, whatever the seed says.
  bool has_real_rows = false;
  /// Where a log of the product lies that everything goes through; null: the model.
  LogHome* log_home = nullptr;
  /// Every occasion for a fault is kept.
  bool keeps_occasions = false;
};

class World {
 public:
  explicit World(RunOptions options);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// Runs to the end.
  void run();
  [[nodiscard]] const History& history() const { return context_.history; }
  [[nodiscard]] const std::vector<Fired>& fired() const { return context_.faults.fired(); }
  [[nodiscard]] const Faults& faults() const { return context_.faults; }
  [[nodiscard]] const std::vector<Shape>& shapes() const { return shapes_; }

 private:
  void run_until(Time time);
  void add(Shape shape);
  void operators_interfere(Dice& dice);
  void declare(const Shape& shape);
  [[nodiscard]] bool is_left_to_people(const core::Transaction& transaction, core::OperationRef ref,
                                       const core::Operation& operation) const;
  /// Operators settle that by hand.
  void patrol();
  void resolve(const core::Transaction& transaction, core::OperationRef ref, bool succeeded);
  [[nodiscard]] bool is_quiet() const;

  Context context_;
  StoreModel store_;
  std::vector<std::unique_ptr<Participant>> participants_;
  Network network_;
  CoordinatorHost coordinator_;
  Surroundings around_;
  std::vector<Shape> shapes_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<std::unique_ptr<Asker>> operators_;
};

}  // namespace escrow::sim
