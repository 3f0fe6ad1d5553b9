/** The service. */
export default class Service {}
