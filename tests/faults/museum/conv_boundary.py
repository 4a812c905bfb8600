# 二維卷積,手寫反向傳播
import numpy as np

np.random.seed(13)
圖 = np.random.randn(7, 6)
核 = np.random.randn(3, 2)
偏置 = np.random.randn()
答案 = np.random.randn(5, 5)


def 卷積(圖, 核, 偏置):
    高, 寬 = 圖.shape[0] - 核.shape[0] + 1, 圖.shape[1] - 核.shape[1] + 1
    出 = np.zeros((高, 寬))
    for 列 in range(高):
        for 行 in range(寬):
            出[列, 行] = np.sum(圖[列 : 列 + 核.shape[0], 行 : 行 + 核.shape[1]] * 核) + 偏置
    return 出


def 損失(圖, 核, 偏置, 答案):
    return np.sum((np.tanh(卷積(圖, 核, 偏置)) - 答案) ** 2) / 2


def 反向(圖, 核, 偏置, 答案):
    值 = np.tanh(卷積(圖, 核, 偏置))
    誤差 = (值 - 答案) * (1 - 值**2)
    核梯度 = np.zeros_like(核)
    for 列 in range(誤差.shape[0]):
        for 行 in range(誤差.shape[1] - 1):
            核梯度 += 誤差[列, 行] * 圖[列 : 列 + 核.shape[0], 行 : 行 + 核.shape[1]]
    偏置梯度 = 誤差.sum()
    return 核梯度, 偏置梯度


for 輪 in range(3):
    核梯度, 偏置梯度 = 反向(圖, 核, 偏置, 答案)
    核 = 核 - 0.05 * 核梯度
    偏置 = 偏置 - 0.05 * 偏置梯度
    print(損失(圖, 核, 偏置, 答案))
