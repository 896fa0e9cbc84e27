export { type ContractStore, storeContract } from './store-contract.ts'
