/**
 * Client of the rollup's Solana program: everything that its IDL describes, generated, and its root history.
 */
export * from './generated';
export * from './history';
