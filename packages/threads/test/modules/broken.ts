export const never = 1
throw new SyntaxError("this module does not load")
