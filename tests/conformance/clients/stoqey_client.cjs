// The TypeScript client @stoqey/ib, run by itself.
//
// usage: node stoqey_client.cjs PORT HIGHEST   (it always says that it speaks from version 100)
"use strict";

const api = require("@stoqey/ib/dist/api/api.js");
const { EventName, IBApi } = require("@stoqey/ib");

const SYMBOL = "SPY";
const CLIENT_ID = 17;
const WITHIN_MS = 30000;
const HARMLESS = new Set([202]);

const report = { server_version: null, held: [], failed: null, errors: [] };
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

function check(holds, what) {
  if (!holds) throw new Error(what);
}

async function until(holds, what) {
  const ends = Date.now() + WITHIN_MS;
  while (!holds()) {
    check(Date.now() < ends, `never: ${what}`);
    await sleep(20);
  }
}

async function step(name, body) {
  try {
    const found = await body();
    report.held.push(name);
    return found;
  } catch (error) {
    report.failed = `${name}: ${error.message}`;
    throw error;
  }
}

/** One connection and all that it was told. */
class Client {
  constructor(port) {
    this.ib = new IBApi({ host: "127.0.0.1", port });
    this.ended = new Set();
    this.details = new Map();
    this.bars = new Map();
    this.prices = new Map();
    this.greeks = new Set();
    this.expirations = new Set();
    this.strikes = new Set();
    this.statuses = new Map();
    this.openOrders = new Map();
    this.executions = [];
    this.fees = 0;
    this.positions = new Set();
    this.nextId = 0;
    this.listen();
  }

  listen() {
    const on = (name, call) => this.ib.on(name, call);
    const put = (map, key, value) => map.set(key, [...(map.get(key) || []), value]);
    on(EventName.error, (error, code, id) => {
      if (!HARMLESS.has(code)) report.errors.push(`${id} ${code} ${error.message}`);
    });
    on(EventName.server, (version) => (report.server_version = version));
    on(EventName.nextValidId, (id) => (this.nextId = id));
    on(EventName.accountDownloadEnd, () => this.ended.add("account"));
    on(EventName.contractDetails, (id, details) => put(this.details, id, details));
    on(EventName.contractDetailsEnd, (id) => this.ended.add(id));
    on(EventName.securityDefinitionOptionParameter, (_id, _exchange, _con, _class, _size, e, s) => {
      e.forEach((one) => this.expirations.add(one));
      s.forEach((one) => this.strikes.add(one));
    });
    on(EventName.securityDefinitionOptionParameterEnd, (id) => this.ended.add(id));
    on(EventName.historicalData, (id, time, ...values) => {
      if (time.startsWith("finished")) this.ended.add(id);
      else put(this.bars, id, values);
    });
    on(EventName.headTimestamp, (id) => this.ended.add(id));
    on(EventName.tickPrice, (id, field, price) => this.prices.set(`${id}/${field}`, price));
    on(EventName.tickOptionComputation, (id) => this.greeks.add(id));
    on(EventName.openOrder, (id, _contract, order, state) => {
      if (order.whatIf) {
        this.margin = state.initMarginAfter;
        this.ended.add("preview");
      } else {
        this.openOrders.set(id, [order.lmtPrice, order.permId]);
      }
    });
    on(EventName.openOrderEnd, () => this.ended.add("open orders"));
    on(EventName.orderStatus, (id, status) => put(this.statuses, id, status));
    on(EventName.execDetails, (_id, contract) => this.executions.push(contract.secType));
    on(EventName.execDetailsEnd, (id) => this.ended.add(id));
    on(EventName.commissionReport, (one) => (this.fees += one.commission));
    on(EventName.position, (_account, contract) => this.positions.add(contract.conId));
    on(EventName.positionEnd, () => this.ended.add("positions"));
  }

  async connect() {
    this.ib.connect(CLIENT_ID);
    await until(() => this.nextId > 0, "nextValidId");
  }

  async ask(id, call) {
    call(id);
    await until(() => this.ended.has(id), `the end of ${id}`);
    return id;
  }

  has(order, status) {
    return (this.statuses.get(order) || []).includes(status);
  }

  price(id, field) {
    return this.prices.get(`${id}/${field}`);
  }
}

const limit = (totalQuantity, lmtPrice, orderRef, tif, more = {}) => ({
  action: "BUY", orderType: "LMT", totalQuantity, lmtPrice, orderRef, tif, transmit: true, ...more,
});
const cents = (price) => Math.round(price * 100) / 100;
const sorted = (some) => [...some].sort();

async function story(port) {
  let client = new Client(port);
  let request = 9001;
  await step("connect", async () => {
    await client.connect();
    client.ib.reqAccountUpdates(true, "DU1234567");
    await until(() => client.ended.has("account"), "account");
  });
  let stock = { symbol: SYMBOL, secType: "STK", exchange: "SMART", currency: "USD" };
  await step("chain", async () => {
    const id = await client.ask(request++, (id) => client.ib.reqContractDetails(id, stock));
    stock = client.details.get(id)[0].contract;
    await client.ask(request++, (id) =>
      client.ib.reqSecDefOptParams(id, SYMBOL, "", "STK", stock.conId));
    check(client.strikes.size > 0, "no chain");
  });
  const byStrike = new Map();
  await step("details", async () => {
    const wanted = {
      symbol: SYMBOL, secType: "OPT", exchange: "SMART", currency: "USD", right: "C",
      lastTradeDateOrContractMonth: sorted(client.expirations)[3],
    };
    const id = await client.ask(request++, (id) => client.ib.reqContractDetails(id, wanted));
    client.details.get(id).forEach((one) => byStrike.set(one.contract.strike, one.contract));
    check(byStrike.size >= 5, "too few contracts");
  });
  await step("bars", async () => {
    const bars = (duration, size) => client.ask(request++, (id) =>
      client.ib.reqHistoricalData(id, stock, "", duration, size, "TRADES", 1, 1, false));
    const days = await bars("1 Y", "1 day");
    const minutes = await bars("1 D", "1 min");
    check(client.bars.get(days).length > 240, "too few days");
    check(client.bars.get(minutes).length > 60, "too few minutes");
    await client.ask(request++, (id) => client.ib.reqHeadTimestamp(id, stock, "TRADES", true, 1));
  });
  const lines = [];
  let legs;
  await step("quotes", async () => {
    const line = request++;
    client.ib.reqMktData(line, stock, "", false, false);
    await until(() => [1, 2, 4].every((field) => client.price(line, field) > 0), "quote");
    const first = client.price(line, 4);
    await until(() => client.price(line, 4) !== first, "a quote that moves");
    const strikes = [...byStrike.keys()].sort((a, b) => a - b);
    const above = strikes.findIndex((one) => one > first);
    legs = [byStrike.get(strikes[above - 1]), byStrike.get(strikes[above])];
    for (const leg of legs) {
      lines.push(request);
      client.ib.reqMktData(request++, leg, "100,101", false, false);
    }
    await until(
      () => lines.every((id) => client.greeks.has(id) && client.price(id, 1) > 0), "greeks");
  });
  const bag = {
    symbol: SYMBOL, secType: "BAG", exchange: "SMART", currency: "USD",
    comboLegs: legs.map((leg, at) => ({
      conId: leg.conId, ratio: 1, action: at ? "SELL" : "BUY", exchange: "SMART",
    })),
  };
  await step("bag filled", async () => {
    const pays = cents(client.price(lines[0], 2) - client.price(lines[1], 1) + 0.1);
    client.ib.placeOrder(client.nextId++, bag, limit(2, pays, "preview", "DAY", { whatIf: true }));
    await until(() => client.ended.has("preview"), "preview");
    check(client.margin >= 0 && client.margin < 1e9, `margin ${client.margin}`);
    const filled = client.nextId++;
    client.ib.placeOrder(filled, bag, limit(2, pays, "filled", "DAY"));
    await until(() => client.has(filled, "Filled"), "Filled");
    await until(() => sorted(client.executions).join() === "BAG,OPT,OPT", "executions");
    await until(() => client.fees > 0, "fees");
  });
  await step("modify", async () => {
    client.resting = client.nextId++;
    client.ib.placeOrder(client.resting, bag, limit(1, 0.05, "resting", "GTC"));
    await until(() => client.has(client.resting, "Submitted"), "Submitted");
    client.ib.placeOrder(client.resting, bag, limit(1, 0.1, "resting", "GTC"));
    await until(() => client.openOrders.get(client.resting)[0] === 0.1, "the new price");
  });
  const stays = client.nextId++;
  await step("cancel", async () => {
    client.ib.cancelOrder(client.resting);
    await until(() => client.has(client.resting, "Cancelled"), "Cancelled");
    client.ib.placeOrder(stays, bag, limit(1, 0.06, "stays", "GTC"));
    await until(() => client.has(stays, "Submitted"), "Submitted");
  });
  await step("reconnect", async () => {
    const permId = client.openOrders.get(stays)[1];
    client.ib.disconnect();
    await sleep(500);
    client = new Client(port);
    await client.connect();
    client.ib.reqOpenOrders();
    client.ib.reqPositions();
    await client.ask(request++, (id) => client.ib.reqExecutions(id, {}));
    const lists = ["open orders", "positions"];
    await until(() => lists.every((one) => client.ended.has(one)), "lists");
    check(JSON.stringify([...client.openOrders]) === JSON.stringify([[stays, [0.06, permId]]]),
      `orders ${JSON.stringify([...client.openOrders])}`);
    check(sorted(client.executions).join() === "BAG,OPT,OPT", `${client.executions}`);
    check(sorted(client.positions).join() === sorted(legs.map((one) => one.conId)).join(),
      `positions ${[...client.positions]}`);
    client.ib.cancelOrder(stays);
    await until(() => client.has(stays, "Cancelled"), "Cancelled");
  });
  client.ib.disconnect();
}

api.MAX_SUPPORTED_SERVER_VERSION = Number(process.argv[3]);
story(Number(process.argv[2]))
  .catch((error) => (report.failed = report.failed || error.message))
  .then(() => {
    console.log(JSON.stringify(report));
    process.exit(0);
  });
