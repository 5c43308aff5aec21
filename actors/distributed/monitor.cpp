#include "../core.hpp"
#include "dial.hpp"
#include "guard.hpp"
#include "node.hpp"
#include "provider.hpp"

#include <map>
#include <random>
#include <utility>

// NODE MONITOR: which nodes there should be, and reaching them. On a thread of its own, so that no
// other work makes the node look dead.

namespace supercache::detail {

namespace {

using namespace std::chrono_literals;

constexpr auto tick_interval = 25ms;
constexpr std::size_t dialers_most = 3;
constexpr std::int64_t backoff_first_ms = 100, backoff_most_ms = 2'000;
/// Between two questions to a provider that has never had a list, at most.
constexpr std::int64_t first_list_ms = 1'000;
/// A process that dies may for a moment still be listening.
constexpr std::int64_t look_again_ms = 20;
/// How long the node with the larger name leaves dialling to the other.
constexpr std::int64_t courtesy_ms = 1'000;

class monitor_logic {
public:
  monitor_logic(monitor_actor::pointer self, std::shared_ptr<node> of)
    : self_(self), keep_(std::move(of)), node_(*keep_), core_(node_.cache()) {
    const auto& o = core_.config().replication;
    start_ms_ = node_.now_ms();
    node_.monitor_begins();
    for (link* l : node_.links()) // one before this may have ended while it dialled
      l->with_dialling([](link::dialling& d) { d.under_way = false; });
    if (o.node_monitor.source == monitor_source::provider)
      provider_ = make_provider();
  }

  void stop() { stopping_ = true; }

  /// It ends, as it should or not.
  void end_helpers() {
    for (const auto& d : std::exchange(dialers_, {}))
      compat::end(d);
    if (provider_)
      compat::end(provider_);
    provider_ = nullptr;
  }
  /// A helper ended, which it should not.
  void replace(const caf::actor_addr& who) {
    if (stopping_)
      return;
    for (auto& d : dialers_)
      if (d == who)
        d = make_dialer();
    if (provider_ && provider_ == who) {
      provider_ = make_provider();
      asking_ = false;
    }
  }

  /// Nobody has stopped the cache, and handles may be left only in what the cache itself keeps: a
  /// callback, or a listener. The actor system would wait for ever.
  void network_ended() {
    if (stopping_)
      return;
    node_.network_ended();
    core_.stop();
    stop();
    tick();
  }

  void tick() {
    if (stopping_) {
      // Only now: CAF would wait for ever for a detached actor that a delayed message refers to.
      end_helpers();
      self_->quit();
      node_.monitor_ended();
      return;
    }
    const auto now = node_.now_ms();
    refresh(now);
    for (link* l : node_.links()) {
      if (l->up())
        continue;
      if (now >= l->with_dialling([](const link::dialling& d) { return d.next_look_ms; }))
        look_for(*l);
      if (should_dial(*l, now))
        dial(*l);
    }
    node_.tick();
    compat::tell_later(self_, monitor_actor{self_}, tick_interval, caf::tick_atom_v);
  }

  /// Finds out whether a node to which the connection broke is dead: if so, another is elected at
  /// once; if not, not before it would be taken for down.
  void look_for(link& l) {
    struct question {
      member_id incarnation;
      node_address at;
    };
    const auto now = node_.now_ms();
    const auto q = l.with_dialling([now](link::dialling& d) {
      d.next_look_ms = now + look_again_ms;
      return question{now < d.doubt_until_ms ? d.in_doubt : 0, d.said};
    });
    if (!q.incarnation || l.up() || stopping_)
      return;
    compat::ask_patiently(self_, dialer_of(l), node_down_atom_v, q.at.host, q.at.port)
      .then(
        [this, &l, incarnation = q.incarnation](bool dead) {
          if (dead && l.with_dialling([incarnation](link::dialling& d) {
                return d.in_doubt == incarnation && std::exchange(d.in_doubt, 0);
              }))
            node_.known_dead(l, incarnation);
        },
        [](const caf::error&) {});
  }

  void look_for(const std::string& name) { look_for(node_.link_to(name)); }

  void reconfigure(const std::vector<std::string>& names) {
    listed_ = true;
    declared_ = parse(names);
    node_.declare(declared_);
  }

private:
  std::vector<node_address> parse(const std::vector<std::string>& texts) const {
    std::vector<node_address> out;
    for (const auto& text : texts)
      if (auto a = node_address_from(text))
        out.push_back(*std::move(a));
      else // options and lists were checked; what is given at run time may be wrong
        node_.log().warn(component::peers, "left out: {}", a.why().message);
    return out;
  }

  /// Asks the provider again.
  void refresh(std::int64_t now) {
    if (!provider_ || asking_ || now < next_refresh_ms_)
      return;
    const auto refresh_ms = core_.config().replication.node_monitor.refresh.count();
    next_refresh_ms_ = now + (listed_ ? refresh_ms : std::min(refresh_ms, first_list_ms));
    asking_ = true;
    self_->request(provider_, caf::infinite, caf::tick_atom_v)
      .then([this](const std::vector<std::string>& names) { provided(names); },
            [this](const caf::error& e) { not_provided(message_of(e)); });
  }

  void provided(const std::vector<std::string>& names) {
    asking_ = false;
    if (!std::exchange(provider_fault_, {}).empty())
      node_.log().info(component::peers, "the list of nodes can be read again");
    auto now_is = parse(names);
    if (listed_ && now_is == declared_)
      return;
    listed_ = true;
    declared_ = std::move(now_is);
    node_.declare(declared_);
  }

  /// Changes nothing: the provider may fail without any node being gone. If there never was a list,
  /// this node waits.
  void not_provided(const std::string& why) {
    asking_ = false;
    if (!listed_)
      node_.waits_for(why);
    if (provider_fault_ == why)
      return;
    provider_fault_ = why;
    if (listed_)
      node_.log().warn(component::peers, "the list of nodes stays as it is: {}", why);
    else
      node_.log().warn(component::peers,
                       "this node waits for its first list of nodes, and takes part in nothing "
                       "until then: {}",
                       why);
  }

  bool should_dial(link& l, std::int64_t now) const {
    const auto next_ms = l.with_dialling([&](const link::dialling& d) {
      return d.under_way || d.address.host.empty() || now < d.next_ms ? -1 : d.next_ms;
    });
    if (next_ms < 0)
      return false;
    const bool declared
      = node_.view([&](const membership& m) { return m.declared().contains(l.name()); });
    return declared
           && (node_.self().node < l.name() || now - std::max(start_ms_, next_ms) >= courtesy_ms);
  }

  void dial(link& l) {
    const caf::actor endpoint = node_.endpoint_of(l);
    if (!endpoint)
      return;
    l.with_dialling([](link::dialling& d) { d.under_way = true; });
    hello mine = node_.own_hello();
    mine.dialled = l.name();
    mine.session = (static_cast<std::uint64_t>(random_()) << 32 | random_()) | 1;
    node_.log().decision(component::peers, "dials {}", to_string(l.address()));
    dial_peer(self_, dialer_of(l), l.address(), mine, endpoint, handshake_wait(core_.config()),
              [this, &l, session = mine.session](result<hello> theirs, const caf::actor& peer) {
                auto s = theirs ? node_.dialled(l, *theirs, peer, session) : status{theirs.why()};
                if (!theirs && peer)
                  unanswered(peer, l);
                else
                  l.with_dialling([](link::dialling& d) { d.unanswered = 0; });
                ended(l, s);
              });
  }

  /// A connection was made, and nothing comes back: CAF uses an older one, which leads nowhere, or
  /// the peer has no time. After the second such handshake the next one goes over a new connection.
  void unanswered(const caf::actor& peer, link& l) {
    constexpr unsigned most = 2;
    if (l.up() || l.with_dialling([](link::dialling& d) { return ++d.unanswered; }) < most)
      return; // up: it came itself meanwhile
    l.with_dialling([](link::dialling& d) { d.unanswered = 0; });
    drop_silent(self_->system(), peer.node(), connections::all);
  }

  /// Each peer has its own, as far as there are enough; made when they are needed.
  const dialer_actor& dialer_of(const link& l) {
    const auto known = dialer_index_.try_emplace(&l, dialer_index_.size() % dialers_most);
    const auto i = known.first->second;
    if (i == dialers_.size())
      dialers_.push_back(make_dialer());
    return dialers_[i];
  }

  dialer_actor make_dialer() {
    return self_->spawn<caf::detached + caf::hidden + caf::monitored>(
      dialer_behavior, handshake_wait(core_.config()));
  }
  provider_actor make_provider() {
    return self_->spawn<caf::detached + caf::hidden + caf::monitored>(provider_behavior,
                                                                      core_.config().replication);
  }

  void ended(link& l, const status& s) {
    bool news = false;
    l.with_dialling([&](link::dialling& d) {
      d.under_way = false;
      if (s)
        return;
      d.backoff_ms = std::clamp(d.backoff_ms * 2, backoff_first_ms, backoff_most_ms);
      d.next_ms = node_.now_ms() + d.backoff_ms;
      news = d.refused != s.why().message;
      d.refused = s.why().message;
    });
    if (!news)
      return;
    const auto who = to_string(l.address());
    // The reason may be in the log already, for another node or as the other side sees it.
    if (s.why().code == errc::invalid_config && !node_.is_news(who, s.why()))
      node_.log().info(component::peers,
                       "no connection to node {}, for a reason that is named above", who);
    else
      node_.log().warn(component::peers, "no connection to node {}: {}", who, s.why().message);
  }

  monitor_actor::pointer self_;
  const std::shared_ptr<node> keep_;
  node& node_;
  core& core_;
  std::vector<dialer_actor> dialers_;
  std::map<const link*, std::size_t> dialer_index_;
  provider_actor provider_;    ///< with the source `provider`
  bool asking_ = false;        ///< it is being asked
  bool listed_ = false;        ///< it, or `reconfigure`, has given a list
  std::string provider_fault_; ///< why it failed last
  bool stopping_ = false;
  std::vector<node_address> declared_;
  std::int64_t start_ms_ = 0, next_refresh_ms_ = 0;
  std::random_device random_;
};

} // namespace

monitor_actor::behavior_type monitor_behavior(monitor_actor::pointer self,
                                              std::shared_ptr<node> of) {
  auto logic = std::make_shared<monitor_logic>(self, std::move(of));
  compat::on_down(self, [logic](const caf::actor_addr& who) { logic->replace(who); });
  self->attach_functor([logic](const caf::error&) { logic->end_helpers(); });
  compat::tell(self, monitor_actor{self}, caf::tick_atom_v);
  return {
    [logic](caf::tick_atom) { logic->tick(); },
    [logic](caf::reset_atom, const std::vector<std::string>& names) { logic->reconfigure(names); },
    [logic](node_down_atom, const std::string& name) {
      if (name.empty()) // see `node::start`
        logic->network_ended();
      else
        logic->look_for(name);
    },
    [logic](stop_atom) { logic->stop(); },
  };
}

} // namespace supercache::detail
