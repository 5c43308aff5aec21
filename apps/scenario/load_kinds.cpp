#include "load.hpp"

#include <algorithm>

// What each kind of load does, and what must be true of it.

namespace supercache::app {

namespace {

using namespace std::chrono_literals;
constexpr auto for_ever = 0ms;

// -- puts and removals of keys that one worker owns ----------------------------------------------

/// Where things are in a record: the key, and the value that selects the partition, where the
/// cluster has them; the number after both.
class layout {
public:
  explicit layout(const load_options& o)
    : key_(o.key_pos), partition_(o.partition_pos), number_(std::max(key_, partition_) + 1) {}

  record make(const std::string& key, std::int64_t number) const {
    std::vector<value> items(number_ + 1);
    items[partition_] = group_of(key);
    items[key_] = key;
    items[number_] = number;
    return record::of(items);
  }
  /// The value that selects the partition, if that is not the key.
  client::partition partition_of(const std::string& key) const {
    return key_ == partition_ ? client::partition{} : client::partition{group_of(key)};
  }
  content read(const std::vector<record>& rows) const {
    return rows.empty() ? content{} : content{rows.front().at(number_).as_int()};
  }

private:
  static value group_of(const std::string& key) { return hash(value{key}) % 10; }

  std::size_t key_, partition_, number_;
};

class put_load : public load {
public:
  put_load(load_options o, std::vector<target> nodes)
    : load(std::move(o), std::move(nodes)), layout_(options()), workers_(options().workers) {
    for (auto& w : workers_)
      w.slots.resize(options().keys);
  }

protected:
  void step(caller& c, worker& w) override {
    mine& m = workers_[w.number];
    const auto number = static_cast<std::int64_t>(w.count);
    if (options().batch > 1)
      return step_batch(c, w, m, number);
    const auto at = w.count % options().keys;
    slot& s = key_at(w, m, at);
    const bool removes = w.random() % 100 < options().removes;
    const auto o = attempt(c, [&](client& to) {
      if (removes)
        to.remove(s.key, layout_.partition_of(s.key));
      else
        to.put(layout_.make(s.key, number), for_ever);
    });
    const auto written = removes ? content{} : content{number};
    m.book.note(s.key, written, o);
    if (o.is == outcome::unknown)
      s.key.clear(); // a later write there might be overtaken
    else if (o.is == outcome::acknowledged && w.random() % 100 < options().reads)
      read_back(c, s.key, written);
  }

  std::vector<std::string> wrong(strictness s) override {
    auto out = std::exchange(stale_, {});
    if (s == strictness::may_lose) // what was read may have been lost in between
      out.clear();
    return out;
  }

  std::vector<std::string> look(client& c, strictness s) override {
    for (mine& m : workers_)
      book_.merge(std::exchange(m.book, {}));
    std::vector<std::string> out;
    for (const auto& key : book_.keys()) {
      const auto found = layout_.read(c.get(key, layout_.partition_of(key)));
      if (auto why = book_.objection(key, found, s); !why.empty())
        out.push_back(std::move(why));
      else if (const auto [seen, first] = settled_.try_emplace(key, found);
               !first && seen->second != found)
        out.push_back(key + " holds " + text_of(found) + ", and " + text_of(seen->second)
                      + " at another node");
    }
    return out;
  }

private:
  struct slot {
    std::string key;
    unsigned generation = 0;
  };
  struct mine {
    std::vector<slot> slots;
    register_book book;
  };

  slot& key_at(const worker& w, mine& m, std::size_t at) {
    slot& s = m.slots[at];
    while (
      s.key.empty()
      || (options().partition && hash(value{s.key}) % options().partitions != *options().partition))
      s.key = options().name + '/' + std::to_string(w.number) + '/' + std::to_string(at) + '.'
              + std::to_string(s.generation++);
    return s;
  }

  /// Of a failed batch, some writes may have happened.
  void step_batch(caller& c, const worker& w, mine& m, std::int64_t number) {
    std::vector<slot*> slots;
    std::vector<record> rows;
    for (std::size_t i = 0; i < std::min(options().batch, options().keys); ++i) {
      slots.push_back(&key_at(w, m, (w.count * options().batch + i) % options().keys));
      rows.push_back(layout_.make(slots.back()->key, number));
    }
    told o = attempt(c, [&](client& to) { to.put_ahead(rows)(); });
    if (o.is == outcome::failed)
      o.is = outcome::unknown;
    for (slot* s : slots) {
      m.book.note(s->key, number, o);
      if (o.is == outcome::unknown)
        s->key.clear();
    }
  }

  /// A node must show a client what the client wrote there.
  void read_back(caller& c, const std::string& key, const content& written) {
    const unsigned before = c.generation();
    try {
      client& to = c.here();
      const auto from = clock::now();
      const auto rows = to.get(key, layout_.partition_of(key), options().read_mode);
      if (c.generation() != before)
        return;
      note_read(from);
      const auto found = layout_.read(rows);
      if (found == written)
        return;
      const std::lock_guard hold{lock()};
      stale_.push_back(key + " was read as " + text_of(found)
                       + " at the node that had just written " + text_of(written));
    } catch (const error& e) {
      note_error(std::string{"read: "} + e.what());
      if (e.code() == errc::outcome_unknown)
        c.drop();
    }
  }

  const layout layout_;
  std::vector<mine> workers_;
  register_book book_;
  std::vector<std::string> stale_;
  std::map<std::string, content> settled_;
};

// -- counters that all workers share -------------------------------------------------------------

class counter_load : public load {
public:
  counter_load(load_options o, std::vector<target> nodes) : load(std::move(o), std::move(nodes)) {}

protected:
  void step(caller& c, worker& w) override {
    const std::string key = "c" + std::to_string(w.random() % options().keys);
    std::int64_t answer = 0;
    bool done = true;
    const auto o = attempt(c, [&](client& to) {
      if (options().is == load_options::kind::increment)
        answer = to.kv_increment(options().name, key, 0, 1);
      else
        done = exchange(to, key, answer);
    });
    if (!done)
      return;
    const std::lock_guard hold{lock()};
    book_.note(key, o.is, answer);
  }

  std::vector<std::string> wrong(strictness s) override {
    return s == strictness::exact ? book_.repeated() : std::vector<std::string>{};
  }

  std::vector<std::string> look(client& c, strictness s) override {
    std::vector<std::string> out;
    for (const auto& key : book_.counters()) {
      // Adding zero is a write: it returns what the primary has.
      const auto found = c.kv_increment(options().name, key, 0, 0);
      if (auto why = book_.objection(key, found, s); !why.empty())
        out.push_back(std::move(why));
      const auto here = c.kv_get(options().name, key);
      if (here.empty() || here.front() != value{found})
        out.push_back(key + " is " + std::to_string(found) + ", and cannot be read here as that");
    }
    return out;
  }

private:
  /// Adds one to the value read; false when another client was faster.
  bool exchange(client& to, const std::string& key, std::int64_t& answer) const {
    const auto seen = to.kv_get(options().name, key);
    const std::int64_t before = seen.empty() ? 0 : seen.front().as_int();
    answer = before + 1;
    return seen.empty() ? to.kv_add_new(options().name, key, answer, for_ever)
                        : to.kv_cas(options().name, key, before, answer);
  }

  counter_book book_;
};

// -- queues and stacks: every other worker puts in, the others take out --------------------------

class line_load : public load {
public:
  line_load(load_options o, std::vector<target> nodes)
    : load(std::move(o), std::move(nodes)),
      kind_(options().is == load_options::kind::queue ? client::line::queue : client::line::stack) {
  }

protected:
  void step(caller& c, worker& w) override {
    if (w.number % 2 == 0)
      push(c, w);
    else
      pop(c);
  }

  std::vector<std::string> look(client& c, strictness s) override {
    for (;;) {
      const auto items = c.pop(kind_, options().name, 100);
      if (items.empty())
        break;
      for (const value& x : items)
        book_.popped(std::string{x.as_string()});
    }
    return book_.objections(s);
  }

private:
  void push(caller& c, const worker& w) {
    const std::string item = std::to_string(w.number) + '-' + std::to_string(w.count);
    const auto o = attempt(c, [&](client& to) { to.push(kind_, options().name, {value{item}}); });
    const std::lock_guard hold{lock()};
    book_.pushed(item, o);
  }
  void pop(caller& c) {
    std::vector<value> items;
    const auto o = attempt(c, [&](client& to) { items = to.pop(kind_, options().name, 1); });
    const std::lock_guard hold{lock()};
    for (const value& x : items)
      book_.popped(std::string{x.as_string()});
    if (o.is == outcome::unknown)
      book_.lost_pop();
  }

  const client::line kind_;
  line_book book_;
};

} // namespace

std::unique_ptr<load> load::make(load_options o, std::vector<target> nodes) {
  switch (o.is) {
    case load_options::kind::put: return std::make_unique<put_load>(std::move(o), std::move(nodes));
    case load_options::kind::increment:
    case load_options::kind::compare_exchange:
      return std::make_unique<counter_load>(std::move(o), std::move(nodes));
    default: return std::make_unique<line_load>(std::move(o), std::move(nodes));
  }
}

} // namespace supercache::app
