throw new SyntaxError("this module does not load")
export const never = 1
