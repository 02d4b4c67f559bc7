/** How whoever reads this calls the command: in a clone of the repository by npm. */
export const invocation = process.env["npm_package_name"] === "handoff" ? "npm run handoff --" : "handoff"
