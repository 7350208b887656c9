import io.seata.core.exception.TransactionException;
import io.seata.core.model.BranchStatus;
import io.seata.core.model.BranchType;
import io.seata.core.model.GlobalStatus;
import io.seata.core.model.Resource;
import io.seata.core.model.ResourceManager;
import io.seata.core.protocol.AbstractMessage;
import io.seata.core.protocol.AbstractResultMessage;
import io.seata.core.protocol.ResultCode;
import io.seata.core.protocol.transaction.AbstractBranchEndRequest;
import io.seata.core.protocol.transaction.AbstractBranchEndResponse;
import io.seata.core.protocol.transaction.BranchCommitRequest;
import io.seata.core.protocol.transaction.BranchCommitResponse;
import io.seata.core.protocol.transaction.BranchRegisterRequest;
import io.seata.core.protocol.transaction.BranchRegisterResponse;
import io.seata.core.protocol.transaction.BranchRollbackResponse;
import io.seata.core.protocol.transaction.GlobalBeginRequest;
import io.seata.core.protocol.transaction.GlobalBeginResponse;
import io.seata.core.protocol.transaction.GlobalCommitRequest;
import io.seata.core.protocol.transaction.GlobalCommitResponse;
import io.seata.core.protocol.transaction.GlobalStatusRequest;
import io.seata.core.protocol.transaction.GlobalStatusResponse;
import io.seata.core.rpc.RpcContext;
import io.seata.core.rpc.TransactionMessageHandler;
import io.seata.core.rpc.netty.RmNettyRemotingClient;
import io.seata.core.rpc.netty.TmNettyRemotingClient;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Drives Seata's TCC through its own clients: begin, a registration for each branch, commit; the branches are this process and do
 * nothing. Each line of the input, "CLIENTS BRANCHES WARMUP_S SECONDS PAYLOAD_BYTES SETTLE_S", is one run in a closed loop; its result is one
 * line of JSON, written after every transaction has been seen to end (each of its branches told to commit, and the server asked for its
 * status), or after SETTLE_S: "open" counts those that had not ended then, "late" those whose branches were not all told when the run ended.
 * The tries are left out: they would be calls between the user's own programs.
 */
final class Driver implements TransactionMessageHandler, ResourceManager, Resource {
  private static final String GROUP = "bench";

  /** What one client saw. */
  private static final class Seen {
    final List<String> committed = new ArrayList<>();
    long[] latencies = new long[1024];
    int measured;
    String wrong;

    void record(long latency) {
      if (measured == latencies.length) latencies = Arrays.copyOf(latencies, 2 * measured);
      latencies[measured++] = latency;
    }
  }

  /** Branches that were told to commit, by transaction. */
  private final Map<String, Set<Long>> told = new ConcurrentHashMap<>();
  private final TmNettyRemotingClient initiator;
  private final RmNettyRemotingClient participant;

  private Driver() {
    initiator = TmNettyRemotingClient.getInstance(GROUP, GROUP);
    initiator.init();
    participant = RmNettyRemotingClient.getInstance(GROUP, GROUP);
    participant.setResourceManager(this);
    participant.setTransactionMessageHandler(this);
    participant.init();
    participant.registerResource(GROUP, GROUP);
  }

  public static void main(String[] arguments) throws Exception {
    Driver driver = new Driver();
    System.out.println("ready");
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] words = line.split(" ");
      System.out.println(driver.run(Integer.parseInt(words[0]), Integer.parseInt(words[1]), Double.parseDouble(words[2]),
          Double.parseDouble(words[3]), Integer.parseInt(words[4]), Double.parseDouble(words[5])));
    }
    System.exit(0);
  }

  private String run(int clients, int branches, double warmupS, double seconds, int payloadBytes, double settleS)
      throws InterruptedException {
    told.clear();
    long from = System.nanoTime() + (long) (warmupS * 1e9);
    long until = from + (long) (seconds * 1e9);
    String payload = "{\"p\":\"" + "x".repeat(Math.max(0, payloadBytes - 8)) + "\"}";
    Seen[] seen = new Seen[clients];
    Thread[] threads = new Thread[clients];
    for (int i = 0; i < clients; i++) {
      Seen mine = seen[i] = new Seen();
      threads[i] = new Thread(() -> {
        try {
          while (mine.wrong == null && System.nanoTime() < until) transact(mine, branches, payload, from, until);
        } catch (Exception failure) {
          mine.wrong = failure.toString();
        }
      });
      threads[i].start();
    }
    Thread.sleep((long) (warmupS * 1000));
    long cpu = cpuNs();
    Thread.sleep((long) (seconds * 1000));
    cpu = cpuNs() - cpu;
    for (Thread thread : threads) thread.join();
    return result(seen, branches, seconds, cpu, settleS);
  }

  private void transact(Seen mine, int branches, String payload, long from, long until) throws Exception {
    long began = System.nanoTime();
    GlobalBeginRequest begin = new GlobalBeginRequest();
    begin.setTransactionName(GROUP);
    begin.setTimeout(60_000);
    String xid = ((GlobalBeginResponse) initiator.sendSyncRequest(begin)).getXid();
    for (int i = 0; i < branches; i++) {
      BranchRegisterRequest register = new BranchRegisterRequest();
      register.setXid(xid);
      register.setBranchType(BranchType.TCC);
      register.setResourceId(GROUP);
      register.setApplicationData(payload);
      BranchRegisterResponse registered = (BranchRegisterResponse) participant.sendSyncRequest(register);
      if (registered.getResultCode() != ResultCode.Success) throw new IllegalStateException("not registered: " + registered.getMsg());
    }
    GlobalCommitRequest commit = new GlobalCommitRequest();
    commit.setXid(xid);
    GlobalCommitResponse answer = (GlobalCommitResponse) initiator.sendSyncRequest(commit);
    if (answer.getGlobalStatus() != GlobalStatus.Committed) mine.wrong = "commit was answered " + answer.getGlobalStatus() + " " + answer.getMsg();
    long now = System.nanoTime();
    mine.committed.add(xid);
    if (now >= from && now < until) mine.record(now - began);
  }

  /** Waits until all have ended, asks for each, and says what was seen. */
  private String result(Seen[] seen, int branches, double seconds, long cpuNs, double settleS) throws InterruptedException {
    long began = System.nanoTime();
    List<String> xids = new ArrayList<>();
    long[] latencies = new long[0];
    String wrong = null;
    for (Seen one : seen) {
      xids.addAll(one.committed);
      int before = latencies.length;
      latencies = Arrays.copyOf(latencies, before + one.measured);
      System.arraycopy(one.latencies, 0, latencies, before, one.measured);
      if (one.wrong != null) wrong = one.wrong;
    }
    int late = unfinished(xids, branches).size();
    List<String> open = xids;
    try {
      while (true) {
        open = open(open, branches);
        if (open.isEmpty() || System.nanoTime() - began > settleS * 1e9) break;
        Thread.sleep(100);
      }
    } catch (Exception failure) {
      wrong = failure.toString();
    }
    double settledS = (System.nanoTime() - began) / 1e9;
    int untold = unfinished(xids, branches).size();
    if (wrong == null && untold > 0) wrong = untold + " were told committed and some branch of theirs never";
    Arrays.sort(latencies);
    return String.format(Locale.ROOT,
        "{\"per_second\":%.1f,\"committed\":%d,\"ended\":%d,\"late\":%d,\"open\":%d,\"settle_s\":%.2f,\"cpu_s\":%.3f,\"wrong\":\"%s\","
            + "\"latency_us\":{\"p50\":%d,\"p99\":%d,\"p999\":%d}}",
        latencies.length / seconds, latencies.length, xids.size(), late, open.size(), settledS, cpuNs / 1e9,
        wrong == null ? "" : wrong.replaceAll("[\"\\\\\\p{Cntrl}]", " "), quantile(latencies, 0.5), quantile(latencies, 0.99),
        quantile(latencies, 0.999));
  }

  private List<String> unfinished(List<String> xids, int branches) {
    List<String> open = new ArrayList<>();
    for (String xid : xids) {
      if (told.getOrDefault(xid, Set.of()).size() < branches) open.add(xid);
    }
    return open;
  }

  /** Those that have not ended: a branch was not told, or the server says so. It forgets what has ended, so "Finished" is an end. */
  private List<String> open(List<String> xids, int branches) throws Exception {
    List<String> open = unfinished(xids, branches);
    Set<String> untold = Set.copyOf(open);
    for (String xid : xids) {
      if (untold.contains(xid)) continue;
      GlobalStatusRequest request = new GlobalStatusRequest();
      request.setXid(xid);
      GlobalStatus status = ((GlobalStatusResponse) initiator.sendSyncRequest(request)).getGlobalStatus();
      if (status != GlobalStatus.Finished && status != GlobalStatus.Committed) open.add(xid);
    }
    return open;
  }

  private static long quantile(long[] sortedNs, double fraction) {
    return sortedNs.length == 0 ? 0 : sortedNs[Math.min(sortedNs.length - 1, (int) (fraction * sortedNs.length))] / 1000;
  }

  private static long cpuNs() {
    return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
  }

  @Override
  public AbstractResultMessage onRequest(AbstractMessage request, RpcContext context) {
    AbstractBranchEndRequest end = (AbstractBranchEndRequest) request;
    boolean commits = request instanceof BranchCommitRequest;
    if (commits) told.computeIfAbsent(end.getXid(), xid -> ConcurrentHashMap.newKeySet()).add(end.getBranchId());
    AbstractBranchEndResponse answer = commits ? new BranchCommitResponse() : new BranchRollbackResponse();
    answer.setXid(end.getXid());
    answer.setBranchId(end.getBranchId());
    answer.setBranchStatus(commits ? BranchStatus.PhaseTwo_Committed : BranchStatus.PhaseTwo_Rollbacked);
    answer.setResultCode(ResultCode.Success);
    return answer;
  }

  @Override
  public void onResponse(AbstractResultMessage response, RpcContext context) {}

  @Override
  public void registerResource(Resource resource) {}

  @Override
  public void unregisterResource(Resource resource) {}

  @Override
  public Map<String, Resource> getManagedResources() {
    return Collections.singletonMap(GROUP, this);
  }

  @Override
  public BranchType getBranchType() {
    return BranchType.TCC;
  }

  @Override
  public String getResourceGroupId() {
    return GROUP;
  }

  @Override
  public String getResourceId() {
    return GROUP;
  }

  @Override
  public BranchStatus branchCommit(BranchType type, String xid, long branchId, String resourceId, String data) {
    return BranchStatus.PhaseTwo_Committed;
  }

  @Override
  public BranchStatus branchRollback(BranchType type, String xid, long branchId, String resourceId, String data) {
    return BranchStatus.PhaseTwo_Rollbacked;
  }

  @Override
  public Long branchRegister(BranchType type, String resourceId, String clientId, String xid, String data, String lockKeys)
      throws TransactionException {
    throw new TransactionException("registrations are sent by transact");
  }

  @Override
  public void branchReport(BranchType type, String xid, long branchId, BranchStatus status, String data) {}

  @Override
  public boolean lockQuery(BranchType type, String resourceId, String xid, String lockKeys) {
    return true;
  }
}
