#include "loader.hpp"

#include "common/output.hpp"
#include "common/table.hpp"
#include "session.hpp"

namespace supercache::app {

// -- rejections ----------------------------------------------------------------------------------

rejections::rejections(std::string file, const std::string& path)
  : file_(std::move(file)), path_(path) {
  if (!path_.empty())
    out_.emplace(path_);
}

void rejections::add(std::size_t line, const std::string& why) {
  if (++count_ <= shown)
    complain(program, file_ + ": line " + std::to_string(line) + ": " + why);
  if (out_)
    out_->write(std::to_string(line) + ": " + why + '\n');
}

void rejections::finish() {
  if (count_ > shown)
    complain(program, file_ + ": " + amount_text(count_ - shown, "more row was", "more rows were")
                        + " rejected"
                        + (path_.empty() ? "; --rejects FILE writes down all" : ", see " + path_));
  if (out_)
    out_->commit();
}

// -- loader --------------------------------------------------------------------------------------

namespace {

std::size_t position(const value& config, const char* name) {
  const value* text = config.find(name);
  return text ? std::stoul(std::string{text->as_string()}) : 0;
}

/// Whether another attempt with fewer rows may help.
bool is_about_the_rows(errc code) {
  return code == errc::invalid_argument || code == errc::type_mismatch || code == errc::too_large
         || code == errc::malformed;
}

} // namespace

loader::loader(client& node, load_target to, rejections& refused)
  : node_(node), to_(std::move(to)), refused_(refused) {
  if (to_.is != load_target::what::tuples)
    return;
  const value config = node_.config();
  key_pos_ = position(config, "key_pos");
  partition_pos_ = position(config, "partition_pos");
}

/// Why a row cannot be stored, as far as the client can tell.
std::optional<std::string> loader::problem_of(const input_row& row) const {
  if (!row.problem.empty())
    return row.problem;
  const auto too_short = [&](const char* name, std::size_t pos) {
    return "tuple size (" + std::to_string(row.items.size()) + ") is lower than " + name + " ("
           + std::to_string(pos) + ")";
  };
  switch (to_.is) {
    case load_target::what::tuples:
      if (row.items.size() <= key_pos_)
        return too_short("key_pos", key_pos_);
      if (row.items.size() <= partition_pos_)
        return too_short("partition_pos", partition_pos_);
      break;
    case load_target::what::kv:
      if (const auto last = std::max(to_.key_column, to_.value_column); row.items.size() <= last)
        return "it has " + amount_text(row.items.size(), "column", "columns") + "; column "
               + std::to_string(last) + " is needed, counted from 0";
      break;
    case load_target::what::structs:
      if (row.items.size() != 2 || !row.items[1].is_tuple())
        return "a struct is written as a key and a tuple of its fields";
      break;
  }
  return std::nullopt;
}

record loader::record_of(const input_row& row) const {
  if (to_.is == load_target::what::kv)
    return record{row.items[to_.key_column], row.items[to_.value_column]};
  return record::of(row.items);
}

void loader::add(const input_row& row) {
  if (const auto why = problem_of(row))
    return refused_.add(row.line, *why);
  record r;
  try {
    r = record_of(row);
  } catch (const error& e) { // nested too deeply
    return refused_.add(row.line, e.what());
  }
  filling_bytes_ += r.heap_bytes();
  filling_.rows.push_back(std::move(r));
  filling_.lines.push_back(row.line);
  if (filling_.rows.size() >= batch_rows || filling_bytes_ >= batch_bytes)
    flush();
}

client::answer loader::send(std::vector<record> rows) {
  if (to_.is == load_target::what::tuples)
    return node_.put_ahead(std::move(rows));
  if (to_.is == load_target::what::structs)
    return node_.struct_put_ahead(to_.name, std::move(rows));
  std::vector<value> keys, xs;
  for (const record& r : rows) {
    keys.push_back(r[0]);
    xs.push_back(r[1]);
  }
  return node_.kv_put_ahead(to_.name, std::move(keys), std::move(xs));
}

void loader::flush() {
  if (filling_.rows.empty())
    return;
  filling_.done = send(filling_.rows); // the batch keeps its rows: they share their memory
  under_way_.push_back(std::exchange(filling_, {}));
  filling_bytes_ = 0;
  if (under_way_.size() >= window)
    finish_oldest();
}

void loader::finish_oldest() {
  batch b = std::move(under_way_.front());
  under_way_.pop_front();
  try {
    b.done();
    stored_ += b.rows.size();
  } catch (const error& e) {
    if (!is_about_the_rows(e.code()))
      throw;
    one_by_one(b);
  }
}

void loader::one_by_one(batch& b) {
  for (std::size_t i = 0; i < b.rows.size(); ++i) {
    try {
      send({b.rows[i]})();
      ++stored_;
    } catch (const error& e) {
      if (!is_about_the_rows(e.code()))
        throw;
      refused_.add(b.lines[i], e.what());
    }
  }
}

void loader::finish() {
  flush();
  while (!under_way_.empty())
    finish_oldest();
}

} // namespace supercache::app
