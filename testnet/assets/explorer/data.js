// What the page asks for.

const LIMIT_MS = 12_000;

export class Refused extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

async function fetched(url, options) {
  let response;
  try {
    response = await fetch(url, { ...options, signal: AbortSignal.timeout(LIMIT_MS) });
  } catch {
    throw new Error("The testnet does not answer. Has it ended?");
  }
  if (!response.ok) throw new Error(`The testnet answers ${response.status}.`);
  return response.json();
}

let calls = 0;

export async function rpc(method, ...params) {
  const body = JSON.stringify({ jsonrpc: "2.0", id: ++calls, method, params });
  const answer = await fetched("/rpc", { method: "POST", headers: { "content-type": "application/json" }, body });
  if (answer.error) throw new Refused(answer.error.code, answer.error.message);
  return answer.result;
}

const query = (values) => {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return given.length ? `?${new URLSearchParams(given)}` : "";
};

export const transactions = (of = {}) => fetched(`/transactions.json${query(of)}`);
export const programs = () => fetched("/programs.json");
export const settlements = () => fetched("/settlements.json");
export const settlementOf = (height) => fetched(`/settlements.json${query({ height })}`);
export const recorded = (height) => fetched(`/root.json${query({ height })}`);

let known;

// Genesis and committee; they never change.
export const genesis = () => (known ??= rpc("asset_genesis").catch((error) => {
  known = undefined;
  throw error;
}));
